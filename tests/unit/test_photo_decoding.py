"""Real files of every kind through the decoder: what they say, what is made of them, what is refused."""

import io
import struct
import zlib
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageDraw, JpegImagePlugin, MpoImagePlugin, PngImagePlugin

from backend.errors import AppError
from backend.gateways.photo_decoding import Examined, check_pdf, examine
from backend.gateways.photos import JPEG, WEBP, sniff
from backend.gateways.watermark import Mark, find_font
from tests.photos import decoded, encoded, exif, picture

MARK = Mark(("海陵区实验小学", "1.1.1", "2022-09-05 09:30", "张三"))


def examined(data: bytes, marks: tuple[Mark | None, ...] = (None,)) -> Examined:
    return examine(data, sniff(data[:4096], len(data), pdf_allowed=False), marks, find_font())


def refused(data: bytes, content_type: str | None = None) -> str:
    with pytest.raises(AppError) as raised:
        if content_type:
            examine(data, content_type, (None,), find_font())
        else:
            examined(data)
    return raised.value.code


def shown(data: bytes, size: int = 320) -> Image.Image:
    """The JPEG rendition of this size."""
    found = examined(data).renditions[None]
    return decoded(next(each.data for each in found if each.size == size and each.content_type == JPEG))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_renditions_of_every_format(kind: str) -> None:
    found = examined(encoded(picture(size=(2100, 1575)), kind))
    assert (found.facts.width, found.facts.height) == (2100, 1575)
    sizes = [(each.size, each.content_type, each.width, each.height) for each in found.renditions[None]]
    assert sizes == [
        (2048, JPEG, 2048, 1536),
        (2048, WEBP, 2048, 1536),
        (320, JPEG, 320, 240),
        (320, WEBP, 320, 240),
    ]
    for each in found.renditions[None]:
        image = decoded(each.data)
        assert (image.mode, image.size) == ("RGB", (each.width, each.height))
        assert not image.getexif()
        assert "icc_profile" not in image.info
        if each.content_type == JPEG:
            assert image.info["progressive"]
        likeness = np.abs(np.asarray(image.resize((32, 24)), int) - np.asarray(picture().resize((32, 24)), int))
        assert likeness.mean() < 6


def test_a_small_photo_is_not_made_larger() -> None:
    assert shown(encoded(picture(size=(200, 150))), 2048).size == (200, 150)


def test_what_exif_says() -> None:
    written = exif(
        taken="2022:09:05 09:30:00", offset="+09:00", place=(32.4553, 119.9229), device=("HUAWEI", "HUAWEI P50")
    )
    facts = examined(encoded(picture(), exif=written)).facts
    assert facts.taken_at == datetime(2022, 9, 5, 0, 30, tzinfo=UTC)
    assert facts.place == pytest.approx((32.4553, 119.9229), abs=1e-5)
    assert facts.device == "HUAWEI P50"


def test_a_camera_without_an_offset_is_in_the_city() -> None:
    facts = examined(encoded(picture(), exif=exif(taken="2022:09:05 09:30:00"))).facts
    assert facts.taken_at == datetime(2022, 9, 5, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("taken", ["0000:00:00 00:00:00", "2022-09-05", "    :  :     :  :  ", "9999:12:31 23:59:59"])
def test_an_absurd_time_is_none(taken: str) -> None:
    offset = "-23:59" if taken.startswith("9999") else None
    assert examined(encoded(picture(), exif=exif(taken=taken, offset=offset))).facts.taken_at is None


def test_a_place_without_a_fix_is_none() -> None:
    assert examined(encoded(picture(), exif=exif(place=(0, 0)))).facts.place is None


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_broken_exif_says_nothing() -> None:
    data = encoded(picture(), exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\xff" * 40)
    facts = examined(data).facts
    assert (facts.taken_at, facts.place, facts.device) == (None, None, None)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright(orientation: int, kind: str) -> None:
    """A picture with one red corner, stored as a camera that was held in each of eight ways stores it.

    Of HEIC the file itself says how it is turned (`irot`, `imir`), whatever its EXIF says too, as phones write both.
    """
    upright = Image.new("RGB", (400, 300), "white")
    ImageDraw.Draw(upright).rectangle((0, 0, 100, 100), "red")
    turn = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(turn[orientation]) if orientation > 1 else upright
    data = encoded(stored, kind, exif=exif(orientation=orientation).tobytes())
    if kind == "HEIF":
        assert (b"irot" in data or b"imir" in data) == (orientation > 1)
    facts = examined(data).facts
    assert (facts.width, facts.height) == (400, 300)
    image = shown(data)
    assert image.size == (320, 240)
    red, green, _ = np.asarray(image)[20, 20]
    assert red > 200 > green
    assert np.asarray(image)[220, 300].min() > 240


def test_colours_become_srgb() -> None:
    """The same light in another colour space is shown as the same colours."""
    # sRGB, with red and green exchanged in the profile.
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    tags = {bytes(profile[start : start + 4]): start for start in range(132, 132 + 12 * profile[131], 12)}
    red, green = tags[b"rXYZ"], tags[b"gXYZ"]
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    renamed = bytes(profile).replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))
    swapped = Image.new("RGB", (64, 64), (40, 200, 40))
    red_again = shown(encoded(swapped, "PNG", icc_profile=renamed)).getpixel((30, 30))
    assert red_again == pytest.approx((200, 40, 40), abs=6)


def test_a_profile_that_makes_no_sense_is_passed_over() -> None:
    data = encoded(Image.new("RGB", (64, 64), (40, 200, 40)), "PNG", icc_profile=b"nonsense" * 30)
    assert shown(data).getpixel((30, 30)) == pytest.approx((40, 200, 40), abs=3)


@pytest.mark.parametrize(
    ("image", "kind", "colour"),
    [
        (Image.new("CMYK", (64, 64), (0, 255, 255, 0)), "JPEG", (254, 0, 0)),
        (Image.new("L", (64, 64), 128), "JPEG", (128, 128, 128)),
        (Image.new("I;16", (64, 64), 0x8000), "PNG", (128, 128, 128)),
        (Image.new("1", (64, 64), 1), "PNG", (255, 255, 255)),
        (Image.new("RGBA", (64, 64), (0, 0, 0, 0)), "PNG", (255, 255, 255)),
        (Image.new("LA", (64, 64), (0, 0)), "PNG", (255, 255, 255)),
        (Image.new("RGB", (64, 64), (10, 20, 200)).quantize(4), "PNG", (10, 20, 200)),
        (Image.new("RGBA", (64, 64), (255, 0, 0, 128)), "WEBP", (255, 127, 127)),
    ],
)
def test_every_mode(image: Image.Image, kind: str, colour: tuple[int, ...]) -> None:
    assert shown(encoded(image, kind)).getpixel((30, 30)) == pytest.approx(colour, abs=6)


def test_what_a_phone_puts_beside_a_photo_is_left_aside() -> None:
    """A JPEG with a second picture in it (MPO: a depth map, another exposure) is its first picture."""
    buffer = io.BytesIO()
    picture().save(buffer, "MPO", save_all=True, append_images=[Image.new("RGB", (64, 64), "red")])
    assert isinstance(Image.open(io.BytesIO(buffer.getvalue())), MpoImagePlugin.MpoImageFile)
    assert examined(buffer.getvalue()).facts.width == 960


def test_a_script_behind_a_photo_is_in_nothing_that_is_served() -> None:
    script = b"<script>alert(1)</script><?php system($_GET[0]); ?>PK\3\4"
    commented = encoded(picture(), comment=script, exif=exif(device=("<script>", "alert(1)")))
    for each in examined(commented + script).renditions[None]:
        assert b"script" not in each.data
        assert b"PK\3\4" not in each.data


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_cut_off_anywhere(kind: str) -> None:
    data = encoded(picture(size=(320, 240)), kind)
    # Of a PNG all is there before its last chunk, which is empty and has twelve bytes.
    last = len(data) - (13 if kind == "PNG" else 1)
    for end in sorted({len(data) * part // 20 for part in range(1, 20)} | {last}):
        code = refused(data[:end], sniff(data[:4096], len(data), pdf_allowed=False))
        assert code in ("truncated", "broken")


def test_a_progressive_photo_cut_between_its_scans() -> None:
    data = encoded(picture(size=(320, 240)), progressive=True)
    scans = [place for place in range(len(data) - 1) if data[place : place + 2] == b"\xff\xda"]
    assert len(scans) > 3
    for start in scans[1:]:
        assert refused(data[:start]) == "truncated"


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_animations(kind: str) -> None:
    frames = [picture(size=(64, 48)), Image.new("RGB", (64, 48), "red")]
    assert refused(encoded(frames[0], kind, save_all=True, append_images=frames[1:])) == "animated"


def test_several_photos_in_one_heic() -> None:
    data = encoded(picture(size=(64, 64)), "HEIF", save_all=True, append_images=[Image.new("RGB", (64, 64), "red")])
    assert refused(data) == "animated"


def _png(width: int, height: int, pixels: bytes) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def test_bombs_are_refused_by_their_header() -> None:
    # The bytes behind the headers are no pixels: whoever decoded them would say "broken".
    for width, height in ((7072, 7072), (10_001, 10_001), (100_000, 100_000)):
        assert refused(_png(width, height, b"nothing")) == "too_many_pixels"
    webp = bytearray(encoded(Image.new("RGB", (16, 16)), "WEBP", lossless=True))
    webp[21:25] = (16382 | 16382 << 14).to_bytes(4, "little")
    assert refused(bytes(webp)) == "too_many_pixels"
    photo = bytearray(encoded(picture(size=(64, 48))))
    frame = photo.index(b"\xff\xc0")
    photo[frame + 5 : frame + 9] = struct.pack(">HH", 65_000, 65_000)
    assert refused(bytes(photo)) == "too_many_pixels"
    heic = bytearray(encoded(picture(size=(64, 64)), "HEIF"))
    extent = heic.index(b"ispe")
    heic[extent + 8 : extent + 16] = struct.pack(">II", 9000, 9000)
    assert refused(bytes(heic)) == "too_many_pixels"


def test_a_large_photo_is_decoded_at_a_reduced_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[tuple[int, int]] = []
    load = JpegImagePlugin.JpegImageFile.load

    def noted(image: JpegImagePlugin.JpegImageFile) -> object:
        sizes.append(image.size)
        return load(image)

    monkeypatch.setattr(JpegImagePlugin.JpegImageFile, "load", noted)
    found = examined(encoded(Image.new("RGB", (8000, 6000))))
    assert (found.facts.width, found.facts.height) == (8000, 6000)
    assert sizes[0] == (4000, 3000)
    assert found.renditions[None][0].width == 2048


def test_fifty_megapixels_are_decoded() -> None:
    rows = zlib.compress(b"\0" * 7071 * 7072)
    assert examined(_png(7071, 7071, rows)).facts.width == 7071


def test_text_that_swells() -> None:
    extra = PngImagePlugin.PngInfo()
    extra.add_text("Comment", "0" * 30_000_000, zip=True)
    data = encoded(Image.new("RGB", (8, 8)), "PNG", pnginfo=extra)
    assert len(data) < 100_000
    assert refused(data) == "broken"


def test_another_content_than_its_beginning() -> None:
    assert refused(b"\xff\xd8\xff\xe0" + b"\0" * 2000) in ("broken", "truncated")
    assert refused(b"RIFF\x10\0\0\0WEBPVP8 " + b"\0" * 100) in ("broken", "truncated")


def test_the_mark_is_on_every_rendition_of_an_inspector() -> None:
    found = examined(encoded(Image.new("RGB", (2048, 1536), "white")), (None, MARK))
    for plain, marked in zip(found.renditions[None], found.renditions[MARK], strict=True):
        assert (plain.width, plain.height) == (marked.width, marked.height)
        difference = np.abs(np.asarray(decoded(plain.data), int) - np.asarray(decoded(marked.data), int))
        foot = difference[-plain.height // 50 :]
        assert foot.mean() > 60
        assert difference[: plain.height // 2].mean() < 1


def test_a_long_mark_on_a_narrow_photo_stays_within() -> None:
    long = Mark(("泰州市姜堰区某某某某某某某某某某某某九年一贯制学校" * 2, "1.1.1", "2022-09-05 09:30", "欧阳张三"))
    found = examined(encoded(Image.new("RGB", (60, 800), "white")), (long,))
    assert {(each.width, each.height) for each in found.renditions[long]} == {(60, 800), (24, 320)}


def test_pdf() -> None:
    good = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\nxref\n0 1\ntrailer\n<<>>\nstartxref\n30\n%%EOF\n"
    check_pdf(good)
    for data, code in (
        (good[:-8], "bad_pdf"),
        (b"%PDF-" + good[9:], "bad_pdf"),
        (good.replace(b"<<>>\nendobj", b"<</S/JavaScript/JS(app.alert(1))>>\nendobj"), "active_pdf"),
        (good.replace(b"<<>>\nendobj", b"<</S /Launch>>\nendobj"), "active_pdf"),
        (good.replace(b"<<>>\nendobj", b"<</Type/EmbeddedFile>>\nendobj"), "active_pdf"),
    ):
        with pytest.raises(AppError) as raised:
            check_pdf(data)
        assert raised.value.code == code
