"""Opens the database that the operator named, and says in their words why it can't be used."""

from pymongo.errors import OperationFailure, PyMongoError

from backend.store.errors import StoreError
from backend.store.mongo import Database, connect, translate

_ADDRESS = "请检查 ZHIPING_MONGODB_URI"


def open_database(uri: str, name: str) -> Database:
    """The database `name` at the address; nothing is sent yet. Raises `StoreError` for what is no address."""
    try:
        return connect(uri, name)
    except (PyMongoError, ValueError) as error:
        # The driver's text may quote the address, which may hold a password.
        raise StoreError(f"MongoDB 的地址不对（{type(error).__name__}）：{_ADDRESS}。") from None


def unusable(error: Exception) -> StoreError | None:
    """Why the database can't be used, as a `StoreError`; None where the error is not the driver's."""
    if not isinstance(error, PyMongoError):
        return None
    if translate(error) is not None:
        return StoreError(f"连不上数据库：{_ADDRESS}、网络，以及 MongoDB 副本集是否有主节点。")
    if isinstance(error, OperationFailure):
        return StoreError(f"数据库拒绝了操作（{error.code}）：{_ADDRESS} 里的用户名、密码和权限。")
    return StoreError(f"数据库不能使用（{type(error).__name__}）：{_ADDRESS}。")
