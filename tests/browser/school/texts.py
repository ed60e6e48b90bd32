"""What people paste into forms: markup, emoji, text from right to left, a mark that turns it, many lines, no end."""

ODD = "<img src=x onerror=alert(1)><b>粗</b> & {{ 7*7 }} ${1} 👩🏽‍🏫🏫 مدرسة \u202eabc\u202c"
LINES = "\n".join(f"{number}. 亮点{number}：{ODD}" for number in range(1, 21))
LONG = "泰州市" + "实验" * 20 + "学校"
