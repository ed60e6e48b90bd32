"""The servers of the bench of operations: the service, and bare handlers to compare it with."""

import gc
import json
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from backend.app import make_app
from backend.app import make_server as make_service_server
from backend.config_files import default_config_folder, load_cycle, load_districts, load_notices, load_rubric
from backend.deps import Deps
from backend.logs import configure_logs
from backend.server import SWITCH_SECONDS
from backend.settings import Settings
from backend.store import embedded
from backend.store.mongo import Database, connect

# High enough never to refuse, so that counting is paid for.
RATE = 100_000


@contextmanager
def own_mongodb() -> Iterator[str]:
    """The address of a MongoDB for one bench alone; it ends with the block, and its files go."""
    with tempfile.TemporaryDirectory(prefix="zhiping-bench-") as folder:
        server = embedded.start(Path(folder))
        try:
            yield server.uri
        finally:
            server.kill()


def make_server(kind: str, uri: str, database: str) -> int:
    """Listens on a free port of loopback and gives it."""
    db = connect(uri, database)
    match kind:
        case "service":
            sys.setswitchinterval(SWITCH_SECONDS)
            server = make_service_server(make_app(make_deps(db)))
        case "same round trips":
            server = _bare(SameRoundTrips, db)
        case _:
            server = _bare(OneInsert, db)
    sockets = bind_sockets(0, "127.0.0.1")
    server.add_sockets(sockets)
    # As `serve` does.
    gc.collect()
    gc.freeze()
    return int(sockets[0].getsockname()[1])


def make_deps(db: Database) -> Deps:
    settings = Settings(rate_per_person=RATE, rate_per_address=RATE, data_folder=Path("unused"), log_level="info")
    configure_logs(settings.log_level, settings.log_format)
    folder = default_config_folder()
    cycle = load_cycle(folder, settings.cycle)
    rubric = load_rubric(folder, cycle.rubric)
    return Deps(db, settings, cycle, {rubric.name: rubric}, load_districts(folder), load_notices(folder))


def _bare(handler: type[RequestHandler], db: Database) -> HTTPServer:
    return HTTPServer(Application([(r"/api/visits/([^/]+)/operations", handler)], db=db, log_function=lambda _: None))


class SameRoundTrips(RequestHandler):
    """Reads the sheet and appends what came, whatever it is."""

    async def post(self, visit_id: str) -> None:
        """The batch."""
        db, batch = self.settings["db"], json.loads(self.request.body)
        wanted = {"visit_id": visit_id, "inspector_id": self.request.headers["X-Inspector"]}
        sheet = await db.score_sheets.find_one(wanted)
        change = {"$push": {"batches": batch}, "$inc": {"version": 1}}
        await db.score_sheets.update_one({"_id": sheet["_id"], "version": sheet["version"]}, change)
        self.write({"applied": [operation["id"] for operation in batch["operations"]]})


class OneInsert(RequestHandler):
    """Stores what came as a document of its own."""

    async def post(self, visit_id: str) -> None:
        """The batch."""
        batch: dict[str, Any] = json.loads(self.request.body)
        await self.settings["db"].batches.insert_one({"_id": str(uuid.uuid4()), "visit_id": visit_id, **batch})
        self.write({"applied": [operation["id"] for operation in batch["operations"]]})
