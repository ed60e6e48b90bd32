"""What every request may need, built once."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from backend.config_files import load_cycle, load_districts, load_rubric
from backend.errors import AppError
from backend.gateways.passwords import Passwords
from backend.gateways.threads import Threads
from backend.settings import Settings
from backend.store import mongo
from backend.store.cycles import CycleCache
from backend.store.mongo import Database
from backend.store.opening import open_database
from backend.store.session_cache import SessionCache
from inspection.rules.cycle import Cycle, District
from inspection.rules.rubric import Rubric


def utc_now() -> datetime:
    """The time of day: aware, in UTC, cut to the milliseconds that MongoDB keeps."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


@dataclass(frozen=True, slots=True)
class Deps:
    """The database, the clock, the rules' data. Nothing else reads the time or makes ids, so tests can steer both."""

    db: Database
    settings: Settings
    cycle: Cycle
    rubrics: Mapping[str, Rubric]
    districts: tuple[District, ...]
    clock: Callable[[], datetime] = utc_now
    new_id: Callable[[], str] = lambda: str(uuid.uuid4())
    translate_error: Callable[[Exception], AppError | None] = mongo.translate
    passwords: Passwords = field(default_factory=Passwords)
    threads: Threads = field(default_factory=Threads)
    session_cache: SessionCache = field(default_factory=SessionCache)
    cycle_cache: CycleCache = field(default_factory=CycleCache)

    def close(self) -> None:
        """Lets go of threads and connections."""
        self.passwords.close()
        self.threads.close()
        mongo.close(self.db)


def build(settings: Settings, mongodb_uri: str) -> Deps:
    """Reads the config folder, prepares the database's client; nothing is sent yet.

    Raises `ConfigError` for a rubric, a cycle or districts that can't be used, `StoreError` for a wrong address.
    """
    cycle = load_cycle(settings.config_folder, settings.cycle)
    rubric = load_rubric(settings.config_folder, cycle.rubric)
    return Deps(
        db=open_database(mongodb_uri, settings.database),
        settings=settings,
        cycle=cycle,
        rubrics={rubric.name: rubric},
        districts=load_districts(settings.config_folder),
    )
