"""What every request may need, built once."""

import asyncio
import os
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from backend.config_files import load_cycle, load_districts, load_notices, load_rubric
from backend.errors import AppError
from backend.gateways import web_build
from backend.gateways.gathering import Gathering
from backend.gateways.passwords import Passwords
from backend.gateways.threads import Threads
from backend.gateways.watermark import Font, find_font
from backend.gateways.web_build import WebBuild
from backend.gateways.wechat import Account, WeChat
from backend.gateways.wechat_tokens import SharedTokens, Stored
from backend.settings import Settings
from backend.store import mongo, wechat_tokens
from backend.store.cycles import CycleCache
from backend.store.disk import Disk
from backend.store.kept import Kept
from backend.store.mongo import Database
from backend.store.opening import open_database
from backend.store.picture_key import PictureKey
from backend.store.running_hashes import RunningHashes
from backend.store.session_cache import SessionCache
from inspection.rules.cycle import Cycle, District
from inspection.rules.notices import Notice
from inspection.rules.rubric import Rubric


def utc_now() -> datetime:
    """The time of day: aware, in UTC, cut to the milliseconds that MongoDB keeps."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


# Its repr would be the whole rubric, which asyncio writes for every run of an event loop.
@dataclass(frozen=True, slots=True, repr=False)
class Deps:
    """The database, the clock, the rules' data. Nothing else reads the time or makes ids, so tests can steer both."""

    db: Database
    settings: Settings
    cycle: Cycle
    rubrics: Mapping[str, Rubric]
    districts: tuple[District, ...]
    notices: Mapping[str, Notice]
    clock: Callable[[], datetime] = utc_now
    new_id: Callable[[], str] = lambda: str(uuid.uuid4())
    translate_error: Callable[[Exception], AppError | None] = mongo.translate
    passwords: Passwords = field(default_factory=Passwords)
    wechat: WeChat | None = None
    threads: Threads = field(default_factory=lambda: Threads("documents"))
    # One thread: a second would only keep the interpreter's lock from the event loop. Four at a time: their answers go
    # out together, and the loop does nothing else meanwhile.
    batches: Gathering[Any, Any] = field(default_factory=lambda: Gathering(Threads("batches", 1), 4, 500, patience=5.0))
    decoders: Threads = field(default_factory=lambda: Threads("photos", _cores(), nice=10))
    font: Font = field(default_factory=find_font)
    web: WebBuild = field(default_factory=WebBuild)
    session_cache: SessionCache = field(default_factory=SessionCache)
    cycle_cache: CycleCache = field(default_factory=CycleCache)
    figures: Kept = field(default_factory=Kept)
    targets: Kept = field(default_factory=Kept)
    picture_key: PictureKey = field(default_factory=PictureKey)
    running_hashes: RunningHashes = field(default_factory=RunningHashes)
    disk: Disk = field(default_factory=Disk)
    # So many batches of uploads are on their way to the database at once.
    writing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(4))
    # So many processes make the documents of many schools, for one request at a time. They leave a core to requests
    # and MongoDB: what takes all of them makes everybody wait.
    makers: int = field(default_factory=lambda: _makers(1))
    making: asyncio.Lock = field(default_factory=asyncio.Lock)
    # Set with every receipt, so that whoever checks photos needn't wait to be due.
    photo_arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def close(self) -> None:
        """Lets go of threads and connections."""
        self.passwords.close()
        self.threads.close()
        self.batches.threads.close()
        if self.wechat is not None:
            self.wechat.close()
        self.decoders.close()
        mongo.close(self.db)


def build(settings: Settings, mongodb_uri: str) -> Deps:
    """Reads the config folder, prepares the database's client; nothing is sent yet.

    Raises `ConfigError` for a file of the config folder that can't be used, `SettingsError` where there is no font for
    the watermark, `StoreError` for a wrong address.
    """
    cycle = load_cycle(settings.config_folder, settings.cycle)
    rubric = load_rubric(settings.config_folder, cycle.rubric)
    db = open_database(mongodb_uri, settings.database)
    return Deps(
        db=db,
        settings=settings,
        cycle=cycle,
        rubrics={rubric.name: rubric},
        districts=load_districts(settings.config_folder),
        notices=load_notices(settings.config_folder),
        wechat=wechat_of(settings, db, utc_now),
        decoders=Threads("photos", max(1, _cores() // settings.processes), nice=10),
        makers=_makers(settings.processes),
        font=find_font(settings.font),
        web=web_build.load(settings.web_folder, settings.web_archive),
    )


def wechat_of(settings: Settings, db: Database, clock: Callable[[], datetime]) -> WeChat | None:
    """WeChat as it is set up, with its token in the database; None where it is not set up."""
    if settings.wechat_app_id is None or settings.wechat_app_secret is None:
        return None
    account = Account(
        app_id=settings.wechat_app_id,
        secret=settings.wechat_app_secret.get_secret_value(),
        base_url=settings.wechat_base_url,
        state=settings.wechat_state,
    )
    return WeChat(account, _shared_tokens(db, account.app_id), clock)


def _shared_tokens(db: Database, app_id: str) -> SharedTokens:
    holder = str(uuid.uuid4())

    async def read() -> Stored | None:
        found = await wechat_tokens.read(db, app_id)
        if found is None or found["token"] is None:
            return None
        return Stored(found["token"], found["expires_at"], found["version"])

    async def lease(version: int, now: datetime, until: datetime) -> bool:
        return await wechat_tokens.lease(db, app_id, version, holder, now, until)

    async def save(token: Stored) -> None:
        await wechat_tokens.save(db, app_id, token.value, token.expires_at)

    async def release() -> None:
        await wechat_tokens.release(db, app_id, holder)

    return SharedTokens(read, lease, save, release)


def _makers(processes: int) -> int:
    return max(1, _cores() // processes - 1)


def _cores() -> int:
    return os.cpu_count() or 1
