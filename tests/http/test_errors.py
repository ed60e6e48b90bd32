"""Every request that is wrong in itself gets the one shape of an error, and all that is wrong at once."""

import asyncio
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from pydantic import Field

from backend.handlers.base import Handler
from backend.handlers.operation import operation
from backend.handlers.routing import Route
from backend.models.base import FromJson, Id, Instant, Line, Model, PointsIn, PointsOut
from tests.http.conftest import Service, SignIn, StartService


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Part(Model):
    id: Id
    points: PointsIn
    colour: FromJson[Colour] = Colour.RED
    at: Instant | None = None
    met: bool | None = None


class Whole(Model):
    name: Line
    parts: FromJson[tuple[Part, ...]] = Field(max_length=500)
    values: dict[str, int] = Field(default_factory=dict)


class Query(Model):
    limit: int = Field(50, ge=1, le=100)
    colour: FromJson[Colour] | None = None


class Echo(Model):
    name: str
    points: list[PointsOut]


class Things(Handler):
    @operation("me.read", body=Whole, query=Query, answer=Echo)
    async def post(self) -> Echo:
        """Echo."""
        body: Whole = self.body
        assert all(type(part.points) is int for part in body.parts)
        return Echo(name=f"{body.name} {self.query.limit}", points=[part.points for part in body.parts])

    @operation(id="things.fail")
    async def delete(self) -> None:
        """Fail."""
        raise RuntimeError("secret detail")


class Thing(Handler):
    @operation(id="thing.read", answer=Echo)
    async def get(self, thing_id: str) -> Echo:
        """Read."""
        return Echo(name=thing_id, points=[])


ROUTES = (Route("/api/things", Things), Route("/api/things/{thing_id}", Thing))
ID = "6f1c1e6e-0d3a-4c57-9f0e-2d6c0a7b8e11"


@pytest.fixture
async def things(start_service: StartService) -> Any:
    async with start_service(ROUTES) as service:
        yield service


@pytest.fixture
async def token(signed_in: SignIn) -> str:
    return (await signed_in("city")).token


async def test_points_pass_exactly(things: Service, token: str) -> None:
    parts = b",".join(b'{"id":"%s","points":%s}' % (ID.encode(), points) for points in (b"2", b"1.5", b"0.29", b"8.0"))
    answer = await things.post("/api/things?limit=7", body=b'{"name":"a","parts":[%s]}' % parts, token=token)
    assert answer.status == 200
    assert answer.body == b'{"name":"a 7","points":[2,1.5,0.29,8]}'


async def test_everything_wrong_is_said_at_once(things: Service, token: str) -> None:
    wrong = {
        "parts": [
            {"id": ID, "points": "1.5"},
            {"id": "x", "points": 1.005, "colour": "green", "met": 1, "at": "2022-09-01T08:00:00"},
            7,
        ],
        "values": {"a/b~c": "1"},
        "$where": "sleep(1000)",
    }
    answer = await things.post("/api/things?limit=0&limit=1&colour=x&$where=1", wrong, token=token)
    assert answer.status == 422
    assert {(detail["path"], detail["code"]) for detail in answer.error["details"]} == {
        ("/query/limit", "repeated"),
        ("/query/colour", "not_a_choice"),
        ("/query/$where", "unknown_field"),
        ("/name", "missing"),
        ("/parts/0/points", "bad_points"),
        ("/parts/1/id", "bad_format"),
        ("/parts/1/points", "bad_points"),
        ("/parts/1/colour", "not_a_choice"),
        ("/parts/1/met", "wrong_type"),
        ("/parts/1/at", "bad_format"),
        ("/parts/2", "wrong_type"),
        ("/values/a~1b~0c", "wrong_type"),
        ("/$where", "unknown_field"),
    }
    for detail in answer.error["details"]:
        assert not detail["message"].isascii(), f"{detail} has no Chinese message"


async def test_the_shape_of_an_error_is_pinned(things: Service, token: str) -> None:
    answer = await things.post("/api/things", {"name": "a"}, token=token)
    assert answer.json == {
        "error": {
            "code": "invalid",
            "message": "提交的内容有误，请逐条改正",
            "details": [{"path": "/parts", "code": "missing", "message": "缺少这一项，请填写"}],
        }
    }
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "missing_body"),
        (b"{", "not_json"),
        (b'{"name": "a"} x', "not_json"),
        (b"\xff\xfe", "not_utf8"),
        (b"\xef\xbb\xbf{}", "not_json"),
        (b'{"name": NaN}', "not_json"),
        (b'{"name": -Infinity}', "not_json"),
        (b'{"points": 1e400}', "number_out_of_range"),
        (b'{"points": 1e999999999999999999999}', "number_out_of_range"),
        (b'{"points": 0e999999999}', "number_out_of_range"),
        (b'{"points": 1e-400}', "number_out_of_range"),
        (b'{"points": 9223372036854775808}', "number_out_of_range"),
        (b'{"points": ' + b"9" * 10_000 + b"}", "number_out_of_range"),
        (b'{"points": 0.' + b"1" * 10_000 + b"}", "number_out_of_range"),
        (b'{"name": "a", "name": "b"}', "duplicate_key"),
        (b'{"name": "\\ud800"}', "not_unicode"),
        (b'{"\\udc00": 1}', "not_unicode"),
        (b"[" * 33 + b"]" * 33, "too_deep"),
        (b"[" * 100_000, "too_deep"),
        (b'{"a":' * 50_000, "too_deep"),
        (b"[" + b"0," * 30_000 + b"0]", "too_many_values"),
    ],
)
async def test_what_is_no_json_is_malformed(things: Service, token: str, body: bytes, code: str) -> None:
    answer = await things.post("/api/things", body=body, token=token)
    assert (answer.status, answer.error["code"]) == (400, code)
    assert answer.error["message"] and not answer.error["message"].isascii()


async def test_a_deep_body_below_the_bound_is_read(things: Service, token: str) -> None:
    answer = await things.post("/api/things", body=b"[" * 32 + b"]" * 32, token=token)
    assert (answer.status, answer.paths) == (422, [""])


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=gbk"},
        {"Content-Type": ""},
        {"Content-Encoding": "gzip"},
    ],
)
async def test_other_content_types_are_unsupported(things: Service, token: str, headers: dict[str, str]) -> None:
    answer = await things.post("/api/things", body=b"{}", token=token, headers=headers)
    assert (answer.status, answer.error["code"]) == (415, "unsupported")


async def test_a_charset_of_utf_8_is_fine(things: Service, token: str) -> None:
    headers = {"Content-Type": "application/json; charset=UTF-8"}
    answer = await things.post("/api/things", body=b'{"name":"a","parts":[]}', token=token, headers=headers)
    assert answer.status == 200


async def test_a_body_where_none_is_due_is_malformed(things: Service, token: str) -> None:
    answer = await things.delete("/api/things", token=token, body=b"{}")
    assert (answer.status, answer.error["code"]) == (400, "unexpected_body")


@pytest.mark.parametrize("query", ["%24where=1", "a[$ne]=1", "limit", "x=%ff", "&".join(f"a{n}=1" for n in range(60))])
async def test_queries_that_nobody_declared_are_refused(things: Service, query: str) -> None:
    answer = await things.get(f"/api/things/{ID}?{query}")
    assert answer.status in (400, 422)
    assert answer.error["code"] in ("invalid", "bad_query")


@pytest.mark.parametrize(
    "path", ["/api/nope", "/api/things/x", f"/api/things/{ID.upper()}", f"/api/things/{ID}/", "//"]
)
async def test_unknown_paths_are_not_found(things: Service, path: str) -> None:
    for method in ("GET", "POST", "PATCH"):
        answer = await things.request(method, path, json_body={} if method != "GET" else None)
        assert (answer.status, answer.error["code"]) == (404, "not_found")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "TRACE", "BREW"])
async def test_unknown_methods_name_the_known(things: Service, method: str) -> None:
    answer = await things.request(method, "/api/things")
    assert (answer.status, answer.error["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "POST, DELETE, OPTIONS"


async def test_options_and_head(things: Service) -> None:
    options = await things.request("OPTIONS", f"/api/things/{ID}")
    assert (options.status, options.body, options.headers["Allow"]) == (204, b"", "GET, HEAD, OPTIONS")
    head = await things.request("HEAD", f"/api/things/{ID}")
    get = await things.get(f"/api/things/{ID}")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


async def test_every_answer_carries_the_security_headers(things: Service) -> None:
    for path, status in ((f"/api/things/{ID}", 200), ("/api/nope", 404)):
        answer = await things.get(path)
        assert answer.status == status
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert len(answer.headers["X-Request-Id"]) == 16
        assert "Server" not in answer.headers


async def test_a_fault_of_ours_leaks_nothing(things: Service, capsys: pytest.CaptureFixture[str]) -> None:
    answer = await things.delete("/api/things")
    assert (answer.status, answer.error["code"]) == (500, "internal")
    assert b"secret" not in answer.body and b"RuntimeError" not in answer.body
    assert answer.headers["X-Request-Id"] in answer.error["message"]


async def test_the_same_request_id_never_comes_twice(things: Service) -> None:
    answers = await asyncio.gather(*(things.get("/api/nope") for _ in range(20)))
    assert len({answer.headers["X-Request-Id"] for answer in answers}) == 20


def test_points_never_were_binary_floats() -> None:
    part = Part.model_validate({"id": ID, "points": Decimal("0.29")})
    assert part.points == 29
    with pytest.raises(ValueError, match="bad_points"):
        Part.model_validate({"id": ID, "points": 0.29})
