"""A tiny build of the web pages: what Vite makes, in small."""

import gzip
from pathlib import Path

SCRIPT = "assets/index-1a2b3c4d.js"


def make_build(folder: Path, *, script: str = SCRIPT, text: str = "let a = 1;\n" * 50) -> Path:
    """Writes it to `folder`, the entries `phone`, `school` and `console` inside; gives the folder.

    What stands for brotli is only marked so.
    """
    files = {
        "index.html": f'<!doctype html><html lang="zh-CN"><script src="/m/{script}"></script></html>\n' * 3,
        script: text,
        "sw.js": "self.skipWaiting;\n",
        "manifest.webmanifest": '{"name": "智评"}\n',
    }
    entries = [(entry, name, content) for entry in ("phone", "school", "console") for name, content in files.items()]
    for entry, name, content in entries:
        file = folder / entry / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        if file.suffix in (".html", ".js"):
            file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(content.encode()))
            file.with_name(f"{file.name}.br").write_bytes(b"br:" + content.encode())
    return folder
