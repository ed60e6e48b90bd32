"""Settings: wrong ones are said all at once, in Chinese, and every one there is is documented."""

import os
import re
from pathlib import Path

import pytest

from backend.config_files import default_config_folder
from backend.settings import Settings, SettingsError, load_settings, variable

DOCUMENTED = Path(__file__).resolve().parents[2] / "docs" / "settings.md"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.upper().startswith("ZHIPING_"):
            monkeypatch.delenv(name)


def test_without_any_the_defaults_serve_on_this_machine() -> None:
    settings = load_settings()
    assert settings.mongodb_uri is None
    assert (settings.host, settings.port, settings.base_url) == ("127.0.0.1", 8888, "http://127.0.0.1:8888")
    assert settings.config_folder == default_config_folder()
    assert settings.max_body == 1024 * 1024
    assert settings.trusted_proxies == ()


def test_all_that_is_wrong_is_said_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wrong = {
        "ZHIPING_PORT": "eighty",
        "ZHIPING_PROCESSES": "0",
        "ZHIPING_MONGODB_URI": "postgres://admin:hunter2@db",
        "ZHIPING_DATABASE": "a.b",
        "ZHIPING_TRUSTED_PROXIES": "10.0.0.0/8, proxy.example",
        "ZHIPING_LOG_LEVEL": "loud",
        "ZHIPING_PUBLIC_URL": "https://x/path",
        "ZHIPING_PROT": "8889",
        "ZHIPING_NONSENSE": "1",
    }
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        load_settings()
    text = str(error.value)
    assert len(error.value.problems) == len(wrong)
    for name in wrong:
        assert name in text
    assert "hunter2" not in text
    assert "是不是 ZHIPING_PORT" in text
    assert "docs/settings.md" in text


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("ZHIPING_SESSION_ABSOLUTE_HOURS", "1", "ZHIPING_SESSION_IDLE_HOURS"),
        ("ZHIPING_CONFIG_FOLDER", "/nowhere", "ZHIPING_CONFIG_FOLDER"),
        ("ZHIPING_RATE_PER_PERSON", "nan", "ZHIPING_RATE_PER_PERSON"),
        ("ZHIPING_CYCLE", "../2022", "ZHIPING_CYCLE"),
        ("zhiping_portt", "1", "zhiping_portt"),
    ],
)
def test_what_contradicts_is_said(monkeypatch: pytest.MonkeyPatch, name: str, value: str, problem: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=problem):
        load_settings()


def test_right_ones_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIPING_MONGODB_URI", "mongodb://u:hunter2@db/?replicaSet=rs0")
    monkeypatch.setenv("ZHIPING_TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1")
    monkeypatch.setenv("ZHIPING_PUBLIC_URL", "https://zhiping.example.cn")
    monkeypatch.setenv("ZHIPING_PORT", "")
    settings = load_settings(processes=4)
    assert [str(network) for network in settings.trusted_proxies] == ["10.0.0.0/8", "192.0.2.1/32"]
    assert (settings.base_url, settings.port, settings.processes) == ("https://zhiping.example.cn", 8888, 4)
    assert "hunter2" not in repr(settings)
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1  # type: ignore[misc]


def test_secrets_are_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ZHIPING_SECRETS_FOLDER", str(tmp_path))
    (tmp_path / "zhiping_mongodb_uri").write_text("mongodb://u:hunter2@db/?replicaSet=rs0\n")
    (tmp_path / "zhiping_port").write_text("8000")
    # What there is none of yet, and what belongs to others.
    (tmp_path / "zhiping_wechat_app_secret").write_text("\n")
    (tmp_path / "mongodb_key").write_text("other")
    monkeypatch.setenv("ZHIPING_PORT", "9000")
    settings = load_settings()
    assert settings.mongodb_uri
    assert settings.mongodb_uri.get_secret_value() == "mongodb://u:hunter2@db/?replicaSet=rs0"
    assert (settings.port, settings.wechat_app_secret) == (9000, None)
    assert "hunter2" not in repr(settings)


def test_wrong_secrets_are_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ZHIPING_SECRETS_FOLDER", str(tmp_path))
    (tmp_path / "zhiping_mongodb_url").write_text("mongodb://db")
    (tmp_path / "zhiping_wechat_aes_key").write_text("hunter2")
    with pytest.raises(SettingsError, match="是不是 ZHIPING_MONGODB_URI") as error:
        load_settings()
    assert "ZHIPING_WECHAT_AES_KEY 不对" in str(error.value)
    assert "hunter2" not in str(error.value)
    monkeypatch.setenv("ZHIPING_SECRETS_FOLDER", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match="没有目录"):
        load_settings()


def test_every_setting_is_documented_and_nothing_else() -> None:
    rows = re.findall(r"^\| `(ZHIPING_[A-Z_]+)` \|", DOCUMENTED.read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(map(variable, Settings.model_fields))


def test_every_default_is_documented_rightly() -> None:
    text = DOCUMENTED.read_text()
    for field, info in Settings.model_fields.items():
        row = re.search(rf"^\| `{variable(field)}` \| (.*?) \|", text, re.MULTILINE)
        assert row
        if isinstance(info.default, int | float | str):
            shown = str(info.default).lower() if isinstance(info.default, bool) else str(info.default)
            assert row[1] == f"`{shown}`", field
