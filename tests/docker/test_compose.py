"""docker/ as far as it can be checked without an engine: what it names exists, and what it runs does what it should."""

import argparse
import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from backend.__main__ import load, names
from backend.settings import Settings, unknown_names, variable
from backend.store.embedded import Embedded
from tests.commands.conftest import external as external
from tests.faults.processes import ServiceProcess, free_port

DOCKER = Path(__file__).resolve().parents[2] / "docker"
# These end by themselves.
ONE_SHOT = {"migrate", "replica-set"}


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((DOCKER / "compose.yaml").read_text())


def ours(compose: Any) -> Mapping[str, Any]:
    """The services that are the service."""
    return {name: each for name, each in compose["services"].items() if each["image"].startswith("zhiping:")}


def test_every_setting_in_it_is_one(compose: Any) -> None:
    example = (DOCKER / "zhiping.env.example").read_text()
    named = set(re.findall(r"^(?:# )?(ZHIPING_[A-Z_]+)=", example, re.MULTILINE))
    for each in ours(compose).values():
        named |= set(each["environment"])
        named |= {secret.upper() for secret in each["secrets"] if secret.startswith("zhiping_")}
    named |= set(re.findall(r"ZHIPING_[A-Z_]+", (DOCKER / "Dockerfile").read_text()))
    assert len(named) > 8
    assert unknown_names(dict.fromkeys(named, "")) == []


def test_no_secret_stands_in_the_environment(compose: Any) -> None:
    secret = {variable(name) for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
    assert secret
    for each in ours(compose).values():
        assert not secret & set(each["environment"])
    mounted = {name.upper() for each in ours(compose).values() for name in each["secrets"]}
    assert secret <= mounted


def test_all_that_is_referred_to_is_there(compose: Any) -> None:
    services, secrets = compose["services"], compose["secrets"]
    for name, each in services.items():
        assert set(each.get("secrets", ())) <= set(secrets), name
        assert set(each.get("depends_on", ())) <= set(services), name
        for volume in each.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in compose["volumes"] or (DOCKER / source).exists(), volume
        assert set(each["networks"]) <= set(compose["networks"])
    used = {secret for each in services.values() for secret in each.get("secrets", ())}
    assert used == set(secrets)


def test_all_has_limits_and_what_goes_on_a_health_check(compose: Any) -> None:
    for name, each in compose["services"].items():
        assert set(each["deploy"]["resources"]["limits"]) == {"cpus", "memory"}, name
        assert name in ONE_SHOT or each["healthcheck"]["test"][0] == "CMD", name
        assert (name in ONE_SHOT) != (each.get("restart") == "unless-stopped"), name


def test_its_commands_are_ours(compose: Any) -> None:
    for each in ours(compose).values():
        command, *arguments = each.get("command", ["serve"])
        assert command in names()
        parser = argparse.ArgumentParser(exit_on_error=False)
        module = load(command)
        module.add_arguments(parser)
        parser.parse_args(arguments)


def test_the_secrets_are_made_once(compose: Any, tmp_path: Path) -> None:
    shutil.copy(DOCKER / "make-secrets.sh", tmp_path)
    said = [subprocess.run(["sh", tmp_path / "make-secrets.sh"], check=True, capture_output=True) for _ in range(2)]
    made = {each.name: each.read_text() for each in (tmp_path / "secrets").iterdir()}
    assert {f"secrets/{name}" for name in made} == {each["file"] for each in compose["secrets"].values()}
    assert "生成" in said[0].stdout.decode()
    assert "生成" not in said[1].stdout.decode()
    assert len(made["mongodb_admin_password"]) == 40
    assert re.fullmatch(
        r"mongodb://zhiping:\w{40}@mongo1:27017,mongo2:27017,mongo3:27017/\?replicaSet=zhiping&authSource=admin",
        made["zhiping_mongodb_uri"],
    )
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700


async def test_the_health_check_tells_a_service_that_is_ready(
    compose: Any, mongodb: Embedded, external: dict[str, str], tmp_path: Path
) -> None:
    _, python, *arguments = compose["services"]["service"]["healthcheck"]["test"]
    assert python == "python"
    process = ServiceProcess(tmp_path, external, free_port())
    command = [shutil.which("python3") or "", *(each.replace("8888", str(process.port)) for each in arguments)]

    async def check() -> int:
        ended = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL, env=dict(os.environ))
        return await ended.wait()

    assert await check() != 0
    await process.start()
    try:
        assert await check() == 0
    finally:
        process.kill()
    assert await check() != 0
