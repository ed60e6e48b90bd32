"""What is inside an xlsx file, looked at before anything parses it: a stranger may have made it."""

import io
import re
import zipfile
from collections.abc import Mapping

# A workbook of 10,000 rows with 15 columns unpacks to some 20 MB with half a million tags.
MOST_UNPACKED = 32 * 1024 * 1024
MOST_TAGS = 2_000_000
MOST_PARTS = 500

_ZIP = b"PK\x03\x04"
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MACROS = re.compile(r"vbaproject|macrosheets", re.IGNORECASE)
_ENCRYPTED = 0x1


class WorkbookError(Exception):
    """A file that can't be read as a workbook: a stable code, and what to do about it in Chinese."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def xml_parts(content: bytes) -> Mapping[str, bytes]:
    """The XML parts of the workbook by name. WorkbookError for anything else, macros, and what is made to explode."""
    if content.startswith(_OLD_OFFICE):
        raise WorkbookError("old_format", "这是旧格式（.xls）或加了密码的文件，请去掉密码并另存为 .xlsx 后再上传")
    if not content.startswith(_ZIP):
        raise WorkbookError("not_a_workbook", "这不是 Excel 工作簿（.xlsx），请检查是否选错了文件")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_entries(archive.infolist())
            parts = {entry.filename: archive.read(entry) for entry in archive.infolist() if _is_xml(entry.filename)}
    except WorkbookError:
        raise
    except Exception as error:  # What is wrong in an archive shows as errors of zipfile, zlib, struct, of encodings …
        raise damaged() from error
    _check_parts(parts)
    return parts


def _is_xml(name: str) -> bool:
    return name.lower().endswith((".xml", ".rels"))


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    """The unpacked size stands in the directory, and no more than that is ever unpacked."""
    if len(entries) > MOST_PARTS or sum(entry.file_size for entry in entries) > MOST_UNPACKED:
        megabytes = MOST_UNPACKED // 1024 // 1024
        raise WorkbookError("too_large", f"文件解压后超过 {megabytes} MB，请删去图片和多余的工作表，或分成几个文件")
    if len({entry.filename for entry in entries}) < len(entries):
        raise damaged()
    if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
        raise damaged()
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise WorkbookError("encrypted", "文件加了密码，请去掉密码后再上传")
    if any(_MACROS.search(entry.filename) for entry in entries):
        raise _macros()


def _check_parts(parts: Mapping[str, bytes]) -> None:
    if "[Content_Types].xml" not in parts:
        raise WorkbookError("not_a_workbook", "这不是 Excel 工作簿（.xlsx），请检查是否选错了文件")
    if b"macroenabled" in parts["[Content_Types].xml"].lower():
        raise _macros()
    if sum(part.count(b"<") for part in parts.values()) > MOST_TAGS:
        raise WorkbookError("too_large", "表格的内容太多，请删去多余的行、列和工作表，或分成几个文件")
    # Excel writes UTF-8 and no document types; these could name entities that expand without end.
    if any(b"<!DOCTYPE" in part or b"<!ENTITY" in part or b"\0" in part for part in parts.values()):
        raise damaged()


def damaged() -> WorkbookError:
    """The refusal of a file that no program saves like this."""
    return WorkbookError("damaged", "文件已损坏，请用 Excel 或 WPS 打开后重新保存")


def _macros() -> WorkbookError:
    return WorkbookError("macros", "文件里有宏，请另存为不带宏的 .xlsx 后再上传")
