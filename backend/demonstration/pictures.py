"""Photos for the demonstration, drawn when they are needed: classrooms of a seed, as a phone would have taken them."""

import io
from datetime import datetime
from random import Random

from PIL import ExifTags, Image, ImageDraw

from inspection.rules.workflow import SHANGHAI

_WIDTH, _HEIGHT = 800, 600
DEVICE = "Demo Phone 1"

Colour = tuple[int, int, int]


def photo(seed: int, taken_at: datetime) -> bytes:
    """The classroom of this seed as JPEG; the same seed and time give the same bytes."""
    chance = Random(seed)  # noqa: S311 - the same room every time
    picture = Image.new("RGB", (_WIDTH, _HEIGHT), _colour(chance, 170, 235))
    draw = ImageDraw.Draw(picture)
    horizon = chance.randrange(230, 330)
    draw.rectangle((0, horizon, _WIDTH, _HEIGHT), _colour(chance, 90, 170))
    _board(chance, draw, horizon)
    for _ in range(chance.randrange(1, 4)):
        _window(chance, draw, horizon)
    rows = chance.randrange(2, 5)
    for row in range(rows):
        _desks(chance, draw, horizon + (row + 1) * (_HEIGHT - horizon) // rows, 60 + 45 * row)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=85, exif=_exif(taken_at))
    return file.getvalue()


def _board(chance: Random, draw: ImageDraw.ImageDraw, horizon: int) -> None:
    left, top = chance.randrange(120, 420), chance.randrange(40, 110)
    right, bottom = left + chance.randrange(200, 340), horizon - chance.randrange(20, 60)
    draw.rectangle((left - 6, top - 6, right + 6, bottom + 6), _colour(chance, 60, 120))
    draw.rectangle((left, top, right, bottom), _colour(chance, 10, 90))
    for line in range(top + 20, bottom - 10, 22):
        draw.line((left + 15, line, left + chance.randrange(60, right - left - 10), line), (235, 235, 235), 3)


def _window(chance: Random, draw: ImageDraw.ImageDraw, horizon: int) -> None:
    left, width = chance.choice((chance.randrange(0, 90), chance.randrange(640, 720))), chance.randrange(60, 110)
    top = chance.randrange(20, 90)
    draw.rectangle((left, top, left + width, horizon - 30), _colour(chance, 200, 255), _colour(chance, 80, 140), 4)
    draw.line((left + width // 2, top, left + width // 2, horizon - 30), _colour(chance, 80, 140), 4)


def _desks(chance: Random, draw: ImageDraw.ImageDraw, base: int, width: int) -> None:
    step, start = width + chance.randrange(15, 50), chance.randrange(-40, 30)
    for left in range(start, _WIDTH, step):
        draw.rectangle((left, base - width // 3, left + width, base - 6), _colour(chance, 110, 200))
        if chance.random() < 0.7:
            top = base - width * 2 // 3
            draw.rectangle((left + width // 4, top, left + width * 3 // 4, base - width // 3), _colour(chance, 0, 80))


def _colour(chance: Random, low: int, high: int) -> Colour:
    return chance.randrange(low, high), chance.randrange(low, high), chance.randrange(low, high)


def _exif(taken_at: datetime) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = DEVICE.split(" ", 1)
    local = taken_at.astimezone(SHANGHAI)
    exif.get_ifd(ExifTags.IFD.Exif).update(
        {
            ExifTags.Base.DateTimeOriginal: local.strftime("%Y:%m:%d %H:%M:%S"),
            ExifTags.Base.OffsetTimeOriginal: "+08:00",
        }
    )
    return exif
