"""Why WeChat did not deliver a message, in words that say what to do."""

from collections.abc import Mapping

from backend.gateways.wechat_answers import Fault, Refusal, Wrong

_REASONS: Mapping[str, str] = {
    "not_configured": "没有配置微信",
    "no_template": "这类消息没有配置模板",
    "not_bound": "收件人没有绑定微信",
    Refusal.BAD_CODE: "登录凭证无效",
    Refusal.BLOCKED: "收件人的微信号被限制",
    Refusal.NOT_ACCEPTED: "收件人没有同意接收",
    Refusal.NO_SUCH_USER: "收件人的微信号已失效，请重新绑定",
    Refusal.NOT_VISITED: "收件人近两小时没有打开小程序",
    Refusal.BAD_TEMPLATE: "模板编号不对，请检查设置",
    Refusal.BAD_PAGE: "小程序里没有要打开的页面，请检查设置",
    Refusal.BAD_FIELD: "内容不合模板的要求，请检查模板",
    Refusal.OTHER: "微信拒绝了这条消息",
    Fault.BUSY: "微信系统繁忙",
    Fault.TOO_OFTEN: "发送太频繁",
    Fault.AT_ONCE: "同一人的另一条消息正在发送",
    Fault.DAY_LIMIT: "今天的发送次数已用完，明天再发",
    Fault.UNREACHABLE: "连不上微信，请检查网络",
    Fault.NO_ANSWER: "微信没有及时答复",
    Fault.NOT_WECHAT: "答复的不是微信，请检查网络和代理",
    Fault.OVERLOADED: "等待发送的消息太多",
    Fault.NO_TOKEN: "没有取得接口凭证",
    Wrong.CREDENTIALS: "密钥不对，请检查设置",
    Wrong.APP_ID: "小程序编号不对，请检查设置",
    Wrong.ADDRESS: "服务器地址不在微信的白名单里",
    Wrong.NOT_ALLOWED: "小程序没有发消息的权限",
}


def in_words(error: str | None) -> str | None:
    """What a stored reason says ("bad_field:47003:thing1"): the words, with WeChat's own number and field behind."""
    if error is None:
        return None
    reason, *more = error.split(":")
    words = _REASONS.get(reason, reason)
    return f"{words}（{'，'.join(more)}）" if more else words
