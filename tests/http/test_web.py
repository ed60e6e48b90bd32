"""The built pages as browsers get them: caching, codings, deep links, and the assets of earlier builds."""

import dataclasses
import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backend.gateways import web_build
from backend.gateways.web_build import WebBuild
from tests.http.conftest import Clock, Service, make_deps, running_service
from tests.web import SCRIPT, make_build


@pytest.fixture
async def served(database: object, clock: Clock, tmp_path: Path) -> AsyncIterator[Service]:
    """The service on a build."""
    build = web_build.load(make_build(tmp_path / "dist"), tmp_path / "data" / "web")
    deps = dataclasses.replace(make_deps(database, clock), web=build)  # type: ignore[arg-type]
    async with running_service(deps, clock) as service:
        yield service


async def test_a_hashed_asset_is_asked_for_once(served: Service) -> None:
    answer = await served.get(f"/m/{SCRIPT}")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/javascript; charset=utf-8")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.body.startswith(b"let a = 1;")


@pytest.mark.parametrize(
    "path", ["", "index.html", "sw.js", "manifest.webmanifest", "visits/6f1c/items/1.1.1x/y", "assessment/1.1"]
)
async def test_all_else_is_asked_for_each_time(served: Service, path: str) -> None:
    answer = await served.get(f"/m/{path}")
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-cache")
    again = await served.get(f"/m/{path}", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", answer.headers["ETag"])
    other = await served.get(f"/m/{path}", headers={"If-None-Match": '"another"'})
    assert (other.status, other.body) == (200, answer.body)


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip, deflate", "gzip"),
        ("br;q=0, GZIP;q=0.5", "gzip"),
        ("deflate", None),
        ("", None),
        ("br; q=0.000", None),
    ],
)
async def test_the_best_coding_that_the_browser_takes(served: Service, accepted: str, coding: str | None) -> None:
    answer = await served.get(f"/m/{SCRIPT}", headers={"Accept-Encoding": accepted})
    assert answer.headers.get("Content-Encoding") == coding
    plain = (await served.get(f"/m/{SCRIPT}")).body
    decode = {"br": lambda body: body.removeprefix(b"br:"), "gzip": gzip.decompress, None: bytes}[coding]
    assert decode(answer.body) == plain
    # Caches must not take one for the other.
    assert answer.headers["ETag"].endswith(f'-{coding or "identity"}"')


async def test_every_deep_link_is_the_shell(served: Service) -> None:
    shell = await served.get("/m/")
    assert b"<script src=" in shell.body
    for path in ("visits", "visits/6f1c1e6e-0d3a-4c57-9f0e-2d6c0a7b8e11", "visits/x/sign"):
        assert (await served.get(f"/m/{path}")).body == shell.body
    root = await served.get("/m")
    assert (root.status, root.headers["Location"]) == (302, "/m/")


@pytest.mark.parametrize(
    "path",
    [
        "assets/gone-99999999.js",
        "assets/",
        "nothing.js",
        "assets/index-1a2b3c4d.js.gz",
        "../phone/index.html",
        "..%2f..%2fpyproject.toml",
        "%2e%2e/%2e%2e/pyproject.toml",
        "....//sw.js",
        "assets/..%5c..%5csw.js",
        "%00.js",
    ],
)
async def test_what_is_in_no_build_is_not_there(served: Service, path: str) -> None:
    answer = await served.get(f"/m/{path}")
    assert answer.status == 404 and answer.error["code"] == "not_found"


async def test_the_policy_runs_nothing_else(served: Service) -> None:
    policy = (await served.get("/m/")).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "*" not in policy
    for part in ("script-src 'self';", "worker-src 'self'", "manifest-src 'self'", "img-src 'self' blob: data:"):
        assert part in policy


async def test_head_is_get_without_the_body(served: Service) -> None:
    got, head = await served.get(f"/m/{SCRIPT}"), await served.request("HEAD", f"/m/{SCRIPT}")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(got.body))
    assert head.headers["ETag"] == got.headers["ETag"]


async def test_without_a_build_the_page_says_what_to_run(service: Service) -> None:
    bare = dataclasses.replace(service.deps, web=WebBuild())
    async with running_service(bare, service.clock) as other:
        answer = await other.get("/m/")
    assert (answer.status, answer.headers["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert "make run" in answer.body.decode()


async def test_a_page_of_an_earlier_build_still_finds_its_pieces(
    database: object, clock: Clock, tmp_path: Path
) -> None:
    """Every build that ever started on this data folder: each start keeps its assets, and serves those of all."""
    archive, dist = tmp_path / "data" / "web", tmp_path / "dist"
    scripts = [f"assets/index-{number}{'a' * 7}.js" for number in range(3)]
    for number, script in enumerate(scripts):
        folder = make_build(dist / str(number), script=script, text=f"let version = {number};")
        web_build.load(folder, archive).keep()
    # The same start again changes nothing.
    newest = web_build.load(dist / "2", archive)
    before = {file: file.stat().st_mtime_ns for file in archive.rglob("*")}
    newest.keep()
    assert {file: file.stat().st_mtime_ns for file in archive.rglob("*")} == before
    deps = dataclasses.replace(make_deps(database, clock), web=newest)  # type: ignore[arg-type]
    async with running_service(deps, clock) as service:
        for number, script in enumerate(scripts):
            answer = await service.get(f"/m/{script}", headers={"Accept-Encoding": "gzip"})
            assert (answer.status, answer.headers["Content-Encoding"]) == (200, "gzip")
            assert gzip.decompress(answer.body).decode() == f"let version = {number};"
            assert "immutable" in answer.headers["Cache-Control"]
        assert scripts[2] in (await service.get("/m/")).body.decode()
    # Pages and service workers are only ever those of this build.
    assert {file.name for file in archive.rglob("*") if file.is_file()} == {
        f"{Path(script).name}{suffix}" for script in scripts for suffix in ("", ".br", ".gz")
    }


def test_half_a_file_is_never_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build = web_build.load(make_build(tmp_path / "dist"), tmp_path / "web")

    def full(self: Path, content: bytes) -> int:
        with self.open("wb") as half:
            half.write(content[:5])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(OSError, match="No space"):
            build.keep()
    assert web_build.load(tmp_path / "none", tmp_path / "web").earlier == {}
    build.keep()
    assert ("phone", SCRIPT) in web_build.load(tmp_path / "none", tmp_path / "web").earlier
