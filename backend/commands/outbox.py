"""`python -m backend outbox`: the messages that were not delivered and why, and to deliver them again."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from backend.commands.serve import shared_database
from backend.config_files import ConfigError
from backend.deps import Deps, build
from backend.errors import AppError
from backend.models.messages import details_of
from backend.models.outbox import RESENDABLE, Delivery, ResendAll, ResendSome
from backend.services import outbox
from backend.settings import Settings, SettingsError, load_settings
from backend.store.errors import StoreError
from backend.store.opening import unusable

SUMMARY = "查看没有送达的微信消息和原因（list），或重新发送（resend）"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line."""
    actions = parser.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="列出消息")
    states = [state.value for state in Delivery]
    listing.add_argument("--state", choices=states, default="dead", help="投递状态（默认 dead）")
    listing.add_argument("--limit", type=int, default=100, choices=range(1, 1001), metavar="1–1000", help="最多几条")
    again = actions.add_parser("resend", help="重新发送")
    again.add_argument("ids", nargs="*", help="消息编号")
    again.add_argument("--state", choices=[state.value for state in RESENDABLE], help="这种状态的全部消息")


def run(args: argparse.Namespace) -> int:
    """Prints what there is, or how many are sent again; gives 2 where it can't."""
    if args.action == "resend" and bool(args.ids) == bool(args.state):
        sys.stderr.write("请给出消息编号，或用 --state 给出一种状态，两者选一。\n")
        return 2
    work = _list if args.action == "list" else _resend
    try:
        settings = load_settings()
        with shared_database(settings) as mongodb_uri:
            asyncio.run(_with_deps(settings, mongodb_uri, lambda deps: work(deps, args)))
    except ValidationError as error:
        sys.stderr.write("".join(f"{detail.message}\n" for detail in details_of(error, vars(args))))
        return 2
    except (SettingsError, ConfigError, StoreError, AppError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


async def _with_deps(settings: Settings, mongodb_uri: str, work: Callable[[Deps], Awaitable[None]]) -> None:
    deps = build(settings, mongodb_uri)
    try:
        await work(deps)
    except (AppError, ValidationError):
        raise
    except Exception as error:
        raise unusable(error) or error from None
    finally:
        deps.close()


async def _list(deps: Deps, args: argparse.Namespace) -> None:
    rows = await outbox.listed(deps, Delivery(args.state), args.limit)
    table = Table("编号", "时间", "事件", "姓名", "次数", "原因", title=f"{args.state}：{len(rows)} 条")
    for row in rows:
        when = row.created_at.astimezone().strftime("%Y-%m-%d %H:%M")
        table.add_row(row.id, when, row.event, row.person_name or "", str(row.attempts), row.last_error or "")
    Console(width=None if sys.stdout.isatty() else 200).print(table)


async def _resend(deps: Deps, args: argparse.Namespace) -> None:
    body = ResendAll(state=args.state) if args.state else ResendSome(ids=args.ids)
    done = await outbox.resend(deps, None, body)
    sys.stdout.write(f"将重新发送 {len(done.resent)} 条消息。\n")
