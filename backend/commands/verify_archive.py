"""`python -m backend verify-archive FILE`: whether an archive of a cycle is as it was made, to the last byte.

Reads the file and nothing else. Exit status 0: it is; 1: it is not, and what is wrong stands on standard error; 2: it
can't be read.
"""

import argparse
import sys
from pathlib import Path

from backend.codes import spaced
from backend.documents.archive import ArchiveError, verify

SUMMARY = "校验周期归档（zip）：逐个文件核对清单里的 SHA-256，有一个字节不符即报错"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line: the file."""
    parser.add_argument("file", type=Path, help="归档文件（.zip）")


def run(args: argparse.Namespace) -> int:
    """Says what the archive is, or what is wrong with it."""
    try:
        with args.file.open("rb") as file:
            found = verify(file)
    except OSError as error:
        sys.stderr.write(f"无法读取 {args.file}：{error.strerror}。请检查路径和权限。\n")
        return 2
    except ArchiveError as error:
        sys.stderr.write(f"{args.file}：{error}\n")
        return 1
    sys.stdout.write(
        f"归档完好：{found.about['cycle_title']}，{found.files} 个文件，{found.size} 字节，"
        f"生成于 {found.about['made_at']}\n"
        f"清单的 SHA-256：{found.manifest_sha256}\n"
        f"验证码：{spaced(found.about['code'])}（在 /verify 页面可核对清单的 SHA-256）\n"
    )
    return 0
