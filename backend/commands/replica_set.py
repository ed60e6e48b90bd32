"""`python -m backend replica-set`: makes one replica set of new MongoDB servers, and the service's own user in it.

For docker/compose.yaml, and for whoever sets up servers by hand. Run again, it changes nothing but the user's password,
which it takes from ZHIPING_MONGODB_URI each time. Exit status 0, or 2 where it can't be done.
"""

import argparse
import sys
from pathlib import Path

from backend.settings import SettingsError, load_settings
from backend.store.errors import StoreError
from backend.store.replica_set import ensure

SUMMARY = "把几台新的 MongoDB 组成副本集，并建立服务用的账号；可以反复执行"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line: who belongs to the set, and who may make it."""
    parser.add_argument("--members", required=True, help="成员的地址，用逗号分隔，如 db1:27017,db2:27017,db3:27017")
    parser.add_argument("--admin", default="admin", help="第一台上的管理员（默认 admin）")
    parser.add_argument("--admin-password-file", type=Path, required=True, help="存放管理员密码的文件")


def run(args: argparse.Namespace) -> int:
    """Says what was done."""
    try:
        settings = load_settings()
        if settings.mongodb_uri is None:
            raise StoreError("没有设置 ZHIPING_MONGODB_URI：内置的 MongoDB 不用这个命令。")
        members = [member.strip() for member in args.members.split(",") if member.strip()]
        password = args.admin_password_file.read_text().strip()
        made = ensure(settings.mongodb_uri.get_secret_value(), settings.database, members, args.admin, password)
    except (SettingsError, StoreError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"无法读取 {args.admin_password_file}：{error.strerror}。请检查路径和权限。\n")
        return 2
    sys.stdout.write("已建立副本集和账号。\n" if made else "副本集已经在了；账号已按设置更新。\n")
    return 0
