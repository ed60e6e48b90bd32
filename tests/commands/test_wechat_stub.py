"""The stub of WeChat, tried by hand."""

import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests

from tests.commands.running import environment, run
from tests.faults.processes import free_port


def post(url: str, body: Any) -> Any:
    """What a POST of JSON answers."""
    return requests.post(url, json=body, timeout=30).json()


def test_it_says_how_to_use_it_and_answers_as_it_is_told(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "backend", "wechat-stub", "--port", url.rpartition(":")[2]]
    process = subprocess.Popen(command, env=environment(tmp_path), cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(4)]
    assert f"ZHIPING_WECHAT_BASE_URL={url}\n" in said
    settings = dict(line.strip().split("=", 1) for line in said[1:])
    code = post(f"{url}/control/login-code", {"openid": "o-1"})["code"]
    query = {"appid": settings["ZHIPING_WECHAT_APP_ID"], "secret": settings["ZHIPING_WECHAT_APP_SECRET"]}
    answer = requests.get(f"{url}/sns/jscode2session", query | {"js_code": code}, timeout=30)
    assert answer.json()["openid"] == "o-1"
    post(f"{url}/control/rule", {"endpoint": "token", "errcode": -1})
    assert post(f"{url}/cgi-bin/stable_token", {})["errcode"] == -1
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    process.stdout.close()


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = run("wechat-stub", tmp_path, {}, "--port", str(taken.getsockname()[1]))
    assert refused.returncode == 2
    assert "--port" in refused.stderr
