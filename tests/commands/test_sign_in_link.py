"""The command that makes sign-in links, and with them the first people."""

import re
from pathlib import Path

import pytest

from backend.store.mongo import connect
from backend.store.sessions import hash_token
from tests.commands.running import run


async def test_it_makes_a_person_and_a_link(tmp_path: Path, external: dict[str, str]) -> None:
    settings = external | {"public_url": "https://zhiping.example.cn"}
    made = run("sign-in-link", tmp_path, settings, "13800000001", "--name", "张三", "--role", "admin")
    assert made.returncode == 0, made.stderr
    assert "█" in made.stdout
    found = re.search(r"^https://zhiping\.example\.cn/sign-in#([A-Za-z0-9_-]{43})$", made.stdout, re.MULTILINE)
    assert found
    assert "系统管理员" in made.stdout
    db = connect(external["mongodb_uri"], external["database"])
    link = await db.sign_in_links.find_one({"_id": hash_token(found[1])})
    person = await db.people.find_one({"phone": "13800000001"})
    assert link and person and link["person_id"] == person["_id"]
    # A second role comes to the same person; another link then has to name one.
    assert run("sign-in-link", tmp_path, settings, "13800000001", "--name", "张三", "--role", "city").returncode == 0
    assert await db.people.count_documents({}) == 1
    unclear = run("sign-in-link", tmp_path, settings, "13800000001")
    assert (unclear.returncode, unclear.stdout) == (2, "")
    chosen = run("sign-in-link", tmp_path, settings, "13800000001", "--role", "city", "--no-qr")
    assert chosen.returncode == 0 and chosen.stdout.startswith("https://")
    db.client.close()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["13800000009"], "没有登记"),
        (["13800000009", "--name", "李四"], "--role"),
        (["12345", "--name", "李四", "--role", "city"], "11 位手机号"),
        (["13800000009", "--name", " ", "--role", "city"], "不能为空白"),
        (["13800000009", "--name", "李四", "--role", "school"], "school_id"),
        (["13800000009", "--name", "李四", "--role", "district", "--district", "../x"], "格式"),
    ],
)
async def test_what_it_refuses(tmp_path: Path, external: dict[str, str], arguments: list[str], said: str) -> None:
    refused = run("sign-in-link", tmp_path, external, *arguments)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr


def test_it_starts_the_embedded_database_if_need_be(tmp_path: Path) -> None:
    made = run("sign-in-link", tmp_path, {}, "13800000001", "--name", "张三", "--role", "inspector", "--no-qr")
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("http://127.0.0.1:8888/sign-in#")
