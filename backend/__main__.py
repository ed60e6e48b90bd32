"""`python -m backend COMMAND …`: each command is a file of `backend/commands/`, found by its name."""

import argparse
import gc
import sys
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from backend import commands


def names() -> list[str]:
    """The commands there are, as they are typed: `sign-in-link` is `commands/sign_in_link.py`."""
    return sorted(each.name.replace("_", "-") for each in iter_modules(commands.__path__) if each.name[0] != "_")


def load(name: str) -> ModuleType:
    """The file of a command. Only the one that runs is imported: `decide` needs no web server to start fast."""
    # Reading the code makes no garbage, and looking for some meanwhile costs a tenth of the start.
    gc.disable()
    try:
        return import_module(f"backend.commands.{name.replace('-', '_')}")
    finally:
        gc.enable()


def main(arguments: list[str]) -> int:
    """Runs the command that the arguments name; gives the exit status: 0, 1 (it failed), 2 (it can't be run so)."""
    name = arguments[0].replace("_", "-") if arguments else "--help"
    if name not in names():
        wanted_help = name in ("-h", "--help")
        (sys.stdout if wanted_help else sys.stderr).write(overview())
        return 0 if wanted_help else 2
    module = load(name)
    parser = argparse.ArgumentParser(prog=f"python -m backend {name}", description=summary(module))
    module.add_arguments(parser)
    return int(module.run(parser.parse_args(arguments[1:])))


def overview() -> str:
    """Every command with its summary."""
    lines = [f"  {name:<14} {summary(load(name))}" for name in names()]
    return "\n".join(
        [
            "用法：python -m backend 命令 [选项]",
            "",
            "命令：",
            *lines,
            "",
            "某个命令的选项：python -m backend 命令 --help",
            "",
        ]
    )


def summary(module: ModuleType) -> str:
    """What a command does: its SUMMARY in Chinese, or else the first line of its docstring."""
    return str(getattr(module, "SUMMARY", (module.__doc__ or "").partition("\n")[0]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
