"""`python -m backend demo`: an invented city goes through a cycle by the HTTP API alone.

By itself it starts a service on a folder of its own, drives one school from its form to its grade, and prints what came
of it; `--whole-cycle` drives all sixty to publication. `--fill` gives the service that runs (`make run`) a city with
schools at every state, once, and prints a sign-in link for each role.
"""

import argparse
import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from backend.config_files import load_cycle, load_rubric
from backend.demonstration.api import Api, ApiError
from backend.demonstration.cycle import one_school, whole_cycle
from backend.demonstration.registration import City, Member
from backend.demonstration.results import show_one, show_results
from backend.demonstration.states import HANDED_IN, fill
from backend.demonstration.visits import today
from backend.settings import Settings, SettingsError, load_settings

SUMMARY = "演示：虚构的学校走完流程；--whole-cycle 走完整个周期，--fill 为运行中的服务填入演示数据"
OFFICER = ("19900000000", "演示管理员")
START_SECONDS = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line."""
    courses = parser.add_mutually_exclusive_group()
    courses.add_argument("--whole-cycle", action="store_true", help="六十所学校从申报到公布，在一个临时服务上")
    courses.add_argument("--fill", action="store_true", help="为正在运行的服务（make run）填入演示数据，并给出登录链接")


def run(args: argparse.Namespace) -> int:
    """Runs the course; 0 when it came to its end, 1 where it failed, 2 where it can't be run."""
    console = Console()
    try:
        settings = load_settings()
        if args.fill:
            return asyncio.run(_fill(settings, console))
        with _own_service() as (url, environment):
            return asyncio.run(_drive(settings, url, environment, args.whole_cycle, console))
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except ApiError as error:
        sys.stderr.write(f"演示没有走完：{error}\n")
        return 1


async def _drive(settings: Settings, url: str, environment: Mapping[str, str], whole: bool, console: Console) -> int:
    city = await _city(settings, url, environment)
    try:
        with _progress(console) as progress:
            entrant = None if whole else await one_school(city, progress, settings.cycle)
            if entrant is None:
                await whole_cycle(city, progress, settings.cycle)
        await (show_one(city, entrant, console) if entrant else show_results(city, console))
    finally:
        city.api.close()
    return 0


async def _fill(settings: Settings, console: Console) -> int:
    url = settings.base_url
    city = await _city(settings, url, os.environ)
    try:
        if await _has_cycle(city):
            console.print("已有周期，保留现有数据；如要重新填入演示数据，请停止服务并删除数据目录。")
        else:
            console.print("首次启动：正在填入演示数据，约需一分钟，其间即可使用……")
            with _progress(console) as progress:
                await fill(city, progress, settings.cycle)
        await _print_links(city, console)
    finally:
        city.api.close()
    return 0


async def _city(settings: Settings, url: str, environment: Mapping[str, str]) -> City:
    """The city with its first officer, who is let in by the command line; everything after that is HTTP."""
    cycle = load_cycle(settings.config_folder, settings.cycle)
    rubric = load_rubric(settings.config_folder, cycle.rubric)
    api = Api(url)
    phone, name = OFFICER
    token = await api.sign_in(await asyncio.to_thread(_command_line_link, environment, phone, name, "city"))
    me = await api.call("GET", "/api/me", token)
    return City(api, rubric, Member(me["person_id"], name, phone, token))


def _command_line_link(environment: Mapping[str, str], phone: str, name: str, role: str) -> str:
    command = [sys.executable, "-m", "backend", "sign-in-link", phone, "--name", name, "--role", role, "--no-qr"]
    made = subprocess.run(command, env=dict(environment), capture_output=True, text=True, check=False)
    if made.returncode:
        raise ApiError(f"没有拿到登录链接：{made.stderr.strip()}")
    return made.stdout.splitlines()[0]


async def _has_cycle(city: City) -> bool:
    try:
        await city.api.call("GET", "/api/cycle", city.officer.token)
    except ApiError as error:
        if "no_cycle" in str(error):
            return False
        raise
    return True


async def _print_links(city: City, console: Console) -> None:
    """A sign-in link for one person of each role."""
    officer = city.officer.token
    table = [("市教育局", f"{await _link(city, city.officer.id)}/c/schools")]
    officers = (await city.api.call("GET", "/api/people?role=district", officer))["items"]
    # One whose district has not handed in yet has something to do.
    at_work = [each for each in officers if not {role["district"] for role in each["holdings"]} & set(HANDED_IN)]
    table += [
        (f"市（区）教育局（{person['name']}）", f"{await _link(city, person['id'])}/c/schools")
        for person in [*at_work, *officers][:1]
    ]
    contacts = (await city.api.call("GET", "/api/people?role=school&limit=1", officer))["items"]
    table += [("学校联系人", await _link(city, person["id"])) for person in contacts]
    table += await _visit_link(city)
    console.print("\n登录链接（一次有效，再次执行 make run 或 demo --fill 可得到新的）：")
    for title, url in table:
        console.print(f"  {title}：{url}", soft_wrap=True, highlight=False)


async def _visit_link(city: City) -> list[tuple[str, str]]:
    """A link that signs a lead inspector in and opens their visit of today, else one under way."""
    day = today(datetime.now(UTC)).isoformat()
    for query in (f"date={day}&state=open", "state=open", "state=planned"):
        found = (await city.api.call("GET", f"/api/visits?{query}&limit=1", city.officer.token))["items"]
        for visit in found:
            lead = next(member for member in visit["team"] if member["lead"])
            title = f"评估专家（{lead['name']}，{visit['date']} {visit['school']['name']}）"
            return [(title, f"{await _link(city, lead['inspector_id'])}/m/visits/{visit['id']}")]
    return []


async def _link(city: City, person_id: str) -> str:
    made = await city.api.call("POST", f"/api/people/{person_id}/sign-in-links", city.officer.token, {})
    return str(made["url"])


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console)


@contextmanager
def _own_service() -> Iterator[tuple[str, Mapping[str, str]]]:
    """A service of the demonstration's own on a new folder: its address, and the environment that it runs in."""
    with tempfile.TemporaryDirectory(prefix="zhiping-demo-") as folder:
        port = _free_port()
        chosen = {"DATA_FOLDER": folder, "PORT": str(port), "LOG_LEVEL": "warning", "RATE_PER_PERSON": "0"}
        own = {f"ZHIPING_{name}": value for name, value in {**chosen, "RATE_PER_ADDRESS": "0"}.items()}
        environment = {name: value for name, value in os.environ.items() if name != "ZHIPING_MONGODB_URI"} | own
        service = subprocess.Popen(
            [sys.executable, "-m", "backend", "serve"], env=environment, stdout=subprocess.DEVNULL
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}/readyz", service)
            yield f"http://127.0.0.1:{port}", environment
        finally:
            service.send_signal(signal.SIGTERM)
            service.wait(START_SECONDS)


def _wait_for(url: str, service: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while service.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310 - our own address
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise ApiError("演示用的服务没有启动，原因见上")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
