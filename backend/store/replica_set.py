"""Makes a replica set of new servers, and the user that the service comes with; where both are there, does nothing."""

import time
from collections.abc import Sequence
from typing import Any

from pymongo import MongoClient
from pymongo.errors import ConfigurationError, InvalidURI, OperationFailure, PyMongoError
from pymongo.uri_parser import parse_uri

from backend.store.errors import StoreError

_SECONDS = 120
_NOT_YET_INITIALISED = 94
# What a member says that can't reach another one yet.
_NODE_NOT_FOUND = 74
_USER_EXISTS = 51003
# Reads, writes and indexes of the one database, and watching it. `meta` of the whole server is none of its business.
_ROLE = "readWrite"

Client = MongoClient[dict[str, Any]]


def ensure(uri: str, database: str, members: Sequence[str], admin: str, admin_password: str) -> bool:
    """Sees to it that the members (`host:port`) are one replica set, and that the user of the service's address `uri`
    may read and write the database; whether the set is new.

    `admin` is a user of the first member that may do everything. Raises `StoreError` where that can't be.
    """
    try:
        wanted = parse_uri(uri)
        name = wanted["options"].get("replicaSet")
        if name is None:
            raise StoreError("ZHIPING_MONGODB_URI 里没有 replicaSet=名称：请补上。")
        credentials: dict[str, Any] = {"username": admin, "password": admin_password}
        with Client(members[0], directConnection=True, **credentials, serverSelectionTimeoutMS=5000) as first:
            made = _initiate(first, name, members)
            _wait(first, len(members))
        with Client(list(members), replicaSet=name, **credentials, serverSelectionTimeoutMS=30_000) as client:
            _user(client, wanted, database)
    except (ConfigurationError, InvalidURI) as error:
        raise StoreError(f"ZHIPING_MONGODB_URI 不对（{type(error).__name__}）：请检查写法。") from None
    except OperationFailure as error:
        raise StoreError(f"MongoDB 拒绝了操作（{error.code}）：请检查管理员密码、密钥文件和成员的地址。") from None
    except PyMongoError as error:
        raise StoreError(f"连不上 {members[0]}（{type(error).__name__}）：请检查它是否已启动。") from None
    return made


def _initiate(first: Client, name: str, members: Sequence[str]) -> bool:
    try:
        first.admin.command("replSetGetStatus")
        return False
    except OperationFailure as error:
        if error.code != _NOT_YET_INITIALISED:
            raise
    config = {"_id": name, "members": [{"_id": number, "host": host} for number, host in enumerate(members)]}
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            first.admin.command("replSetInitiate", config)
            return True
        except OperationFailure as error:
            if error.code != _NODE_NOT_FOUND or time.monotonic() > deadline:
                raise
        time.sleep(0.2)


def _wait(first: Client, count: int) -> None:
    """Returns once there is a primary and all others follow it."""
    deadline = time.monotonic() + _SECONDS
    while True:
        states = sorted(member["stateStr"] for member in first.admin.command("replSetGetStatus")["members"])
        if states == ["PRIMARY", *["SECONDARY"] * (count - 1)]:
            return
        if time.monotonic() > deadline:
            raise StoreError(f"副本集在 {_SECONDS} 秒内没有就绪（{'、'.join(states)}）：请查看各成员的日志。")
        time.sleep(0.2)


def _user(client: Client, wanted: Any, database: str) -> None:
    name, password = wanted["username"], wanted["password"]
    if not name or not password:
        raise StoreError("ZHIPING_MONGODB_URI 里没有用户名和密码：请补上。")
    source = client[wanted["options"].get("authSource", wanted["database"] or "admin")]
    roles = [{"role": _ROLE, "db": database}]
    try:
        source.command({"createUser": name, "pwd": password, "roles": roles})
    except OperationFailure as error:
        if error.code != _USER_EXISTS:
            raise
        source.command({"updateUser": name, "pwd": password})
        # Beside what it may already: a backup may be restored under another name while the service goes on.
        source.command({"grantRolesToUser": name, "roles": roles})
