"""The files that papers begin as and end as: python-docx's, without what our papers have no use for.

Its own empty document brings 800 KB of XML for styles that no paper has; reading and packing these took longer than
most papers do. Pictures, which are compressed already, go into the file as they are.
"""

from functools import cache
from io import BytesIO
from typing import Any, cast
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from docx import Document
from docx.document import Document as Docx
from docx.image.image import Image
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.pkgwriter import PackageWriter
from docx.oxml.ns import qn
from docx.oxml.shape import CT_Inline
from docx.parts.image import ImagePart
from docx.text.paragraph import Paragraph

TABLE_GRID = "TableGrid"
# The styles that papers name; those that they build on, and the defaults, stay with them.
_NAMED = {TABLE_GRID, "Footer"}
_NO_USE = ("/stylesWithEffects", "/thumbnail", "/customXml", "/numbering")
_PICTURES = ("jpg", "jpeg", "png")


def blank() -> Docx:
    """An empty document with python-docx's defaults."""
    return Document(BytesIO(_blank()))


@cache
def _blank() -> bytes:
    document = Document()
    for owner in (document.part, document.part.package):
        for name, relation in list(owner.rels.items()):
            if relation.reltype.endswith(_NO_USE):
                del owner.rels[name]
    _keep_styles(document.styles.element)
    return packed(document)


def _keep_styles(styles: Any) -> None:
    named = {each.get(qn("w:styleId")): each for each in styles.style_lst}
    kept = {name for name, each in named.items() if each.get(qn("w:default")) == "1"} | _NAMED
    while more := {_of(named[name], part) for name in kept for part in ("w:basedOn", "w:link")} - kept - {None}:
        kept |= more
    for name, each in named.items():
        if name not in kept:
            styles.remove(each)
    for element in styles.iter():
        if element.text and not element.text.strip():
            element.text = None
        element.tail = None


def _of(style: Any, part: str) -> str | None:
    found = style.find(qn(part))
    return None if found is None else found.get(qn("w:val"))


def packed(document: Docx) -> bytes:
    """The bytes of the .docx file."""
    file, package = BytesIO(), document.part.package
    parts = package.parts
    for part in parts:
        part.before_marshal()
    with ZipFile(file, "w") as archive:
        # All that these ask of what they write to is to write.
        writes, to = cast(Any, PackageWriter), _Writer(archive)
        writes._write_content_types_stream(to, parts)
        writes._write_pkg_rels(to, package.rels)
        writes._write_parts(to, parts)
    return file.getvalue()


class _Writer:
    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive

    def write(self, uri: PackURI, blob: bytes) -> None:
        """Adds a part."""
        self._archive.writestr(uri.membername, blob, ZIP_STORED if uri.ext in _PICTURES else ZIP_DEFLATED)


def add_picture(paragraph: Paragraph, picture: bytes, **size: int) -> None:
    """Adds a picture, PNG or JPEG, of this `width` or `height` (EMU). python-docx, which reads just its size, says what
    is wrong with it in as many ways as there are.

    Its own way looks at all of the document, and hashes all pictures, for each one more.
    """
    image, pictures = Image.from_blob(picture), paragraph.part.package.image_parts
    width, height = image.scaled_dimensions(**size)
    number = len(pictures) + 1
    held = ImagePart.from_image(image, PackURI(f"/word/media/image{number}.{image.ext}"))
    pictures.append(held)
    name = paragraph.part.relate_to(held, RELATIONSHIP_TYPE.IMAGE)
    inline = CT_Inline.new_pic_inline(number, name, image.filename, width, height)
    paragraph.add_run()._r.add_drawing(inline)
