"""`python -m backend sign-in-link`: makes a single-use sign-in link, and the person if need be; prints it as QR too."""

import argparse
import asyncio
import sys

from pydantic import ValidationError

from backend.commands.serve import shared_database
from backend.config_files import ConfigError
from backend.deps import Deps, build
from backend.errors import AppError
from backend.models.messages import details_of
from backend.models.people import ROLE_NAMES, Holding, Role
from backend.models.sessions import LinkMade
from backend.services import people, sign_in_links
from backend.settings import Settings, SettingsError, load_settings
from backend.store.errors import StoreError
from backend.store.opening import unusable

SUMMARY = "生成一次性登录链接和二维码；加上 --name 和 --role 可同时建立新用户"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line."""
    roles = "、".join(f"{role.value} {ROLE_NAMES[role]}" for role in Role)
    parser.add_argument("phone", help="手机号")
    parser.add_argument("--name", help="姓名；给出时，没有这个人就新建")
    parser.add_argument("--role", choices=[role.value for role in Role], help=f"身份：{roles}")
    parser.add_argument("--school-id", help="学校联系人的学校编号")
    parser.add_argument("--district", help="市（区）教育局人员的市（区），如 hailing")
    parser.add_argument("--no-qr", action="store_true", help="不显示二维码")


def run(args: argparse.Namespace) -> int:
    """Prints the link; gives 2 where it can't be made."""
    try:
        settings = load_settings()
        link = _make(settings, args)
    except ValidationError as error:
        sys.stderr.write("".join(f"{detail.message}\n" for detail in details_of(error, vars(args))))
        return 2
    except (SettingsError, ConfigError, StoreError, AppError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if not args.no_qr:
        sys.stdout.write(sign_in_links.terminal_qr(link.url))
    sys.stdout.write(f"{link.url}\n{link.holding.role_name}；一次有效，{settings.link_hours} 小时内打开。\n")
    return 0


def _make(settings: Settings, args: argparse.Namespace) -> LinkMade:
    with shared_database(settings) as mongodb_uri:
        return asyncio.run(_link(settings, mongodb_uri, args))


async def _link(settings: Settings, mongodb_uri: str, args: argparse.Namespace) -> LinkMade:
    deps = build(settings, mongodb_uri)
    try:
        return await make(deps, args)
    except Exception as error:
        raise unusable(error) or error from None
    finally:
        deps.close()


async def make(deps: Deps, args: argparse.Namespace) -> LinkMade:
    """The link that the command line asks for. Raises `AppError` and pydantic's `ValidationError`."""
    holding = None
    if args.role is not None:
        holding = Holding(role=args.role, school_id=args.school_id, district=args.district)
    person = await people.find_or_add(deps, args.phone, args.name, holding)
    return await sign_in_links.make(deps, None, person.id, holding)
