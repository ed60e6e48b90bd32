"""The font of the watermark: found, or named with what to install."""

from pathlib import Path

import pytest

from backend.gateways import watermark
from backend.gateways.watermark import find_font
from backend.settings import SettingsError

PACKAGE = "apt-get install -y fonts-wqy-microhei"


def test_the_system_has_one() -> None:
    assert Path(find_font().path).exists()
    assert watermark.missing_packages() == []


def test_a_missing_font_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watermark, "_KNOWN", (("/nowhere/font.ttc", 0),))
    with pytest.raises(SettingsError, match=PACKAGE):
        find_font()
    assert watermark.missing_packages() == ["fonts-wqy-microhei"]


def test_a_chosen_file_that_is_no_font(tmp_path: Path) -> None:
    (tmp_path / "font.ttf").write_bytes(b"no font")
    for file in (tmp_path / "font.ttf", tmp_path / "missing.ttf"):
        with pytest.raises(SettingsError, match="ZHIPING_FONT"):
            find_font(file)
