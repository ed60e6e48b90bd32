"""The mini-program's own tests (inspection/miniprogram/tests, Vitest) against the real service and the stub WeChat."""

import asyncio
import os
import shutil
from dataclasses import replace
from pathlib import Path

from playwright.async_api import Browser

from backend.config_files import default_config_folder
from backend.gateways.web_build import WebBuild
from backend.store.mongo import Database
from tests.browser.conftest import browser, built
from tests.http.conftest import Clock, clock, make_deps, running_service, steady_database
from tests.http.world import make_world
from tests.miniprogram.control import Control, running_control
from tests.wechat.conftest import notices_folder, stub
from tests.wechat_stub import Stub

__all__ = ["browser", "built", "clock", "notices_folder", "steady_database", "stub"]

ROOT = Path(__file__).resolve().parents[2]
_SECONDS = 240


async def test_the_mini_program(
    steady_database: Database,
    database: Database,
    clock: Clock,
    stub: Stub,
    notices_folder: Path,
    built: WebBuild,
    browser: Browser,
    tmp_path: Path,
) -> None:
    config = tmp_path / "config"
    shutil.copytree(default_config_folder(), config)
    shutil.copy(notices_folder / "notices.yaml", config)
    deps = make_deps(database, clock, **stub.settings, config_folder=config)
    async with running_service(replace(deps, web=built), clock) as service:
        control = Control(await make_world(service, clock, stub), browser)
        control.sync()
        async with running_control(control) as address:
            told = {
                "ZHIPING_SERVICE": f"http://127.0.0.1:{service.port}",
                "ZHIPING_STUB": stub.url,
                "ZHIPING_CONTROL": address,
                "ZHIPING_CITY_TOKEN": control.world.city.token,
            }
            status, said = await _vitest(told)
    assert status == 0, said


async def _vitest(environment: dict[str, str]) -> tuple[int | None, str]:
    """Its exit status and what it says."""
    path = f"{ROOT / '.venv/bin'}{os.pathsep}{os.environ['PATH']}"
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *("npm", "run", "--silent", "test:mini-program"),
        cwd=ROOT / "inspection/web",
        env={**os.environ, **environment, "PATH": path, "NO_COLOR": "1"},
        stdout=pipe,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(_SECONDS):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode, said.decode()
