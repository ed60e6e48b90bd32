"""What surrounds the API: health, metrics, limits, pages, its description."""

import re
from typing import Any

from structlog.testing import capture_logs

from backend.app import ROUTES
from backend.handlers.base import Handler
from backend.handlers.openapi_document import lines
from backend.services.permissions import PERMISSIONS
from backend.store.migrations import migrate
from backend.store.mongo import Database
from tests.http.conftest import Service, SignIn, StartService


async def test_ready_is_what_the_database_says(service: Service, database: Database) -> None:
    answer = await service.get("/readyz")
    assert (answer.status, answer.error["code"]) == (503, "not_ready")
    assert "migrate" in answer.error["details"][0]["message"]
    await migrate(database)
    assert (await service.get("/readyz")).json == {"status": "ok"}


async def test_a_service_on_its_way_out_is_not_ready(service: Service, database: Database) -> None:
    await migrate(database)
    service.context.traffic.draining = True
    answer = await service.get("/readyz")
    assert (answer.status, answer.error["code"], answer.headers["Connection"]) == (503, "stopping", "close")


async def test_metrics_name_templates_and_no_paths(service: Service) -> None:
    person = "6f1c1e6e-0d3a-4c57-9f0e-2d6c0a7b8e11"
    await service.post(f"/api/people/{person}/sign-in-links", {})
    await service.get("/no/such/path")
    await service.request("BREW", "/healthz")
    text = (await service.get("/metrics")).body.decode()
    links = 'method="POST",route="/api/people/{person_id}/sign-in-links",status="401"'
    assert f"zhiping_requests_total{{{links}}} 1.0" in text
    assert 'method="GET",route="",status="404"' in text
    assert 'method="OTHER",route="/healthz",status="405"' in text
    assert "zhiping_requests_in_flight 1.0" in text
    assert "zhiping_request_seconds_bucket" in text
    assert person not in text and "no/such" not in text


async def test_metrics_are_for_configured_addresses(start_service: StartService) -> None:
    async with start_service(metrics_from="192.0.2.0/24") as service:
        assert (await service.get("/metrics")).status == 404
    # A proxy that nobody configured lends its own address to the whole world.
    async with start_service() as service:
        assert (await service.get("/metrics", headers={"X-Forwarded-For": "192.0.2.1"})).status == 404
    async with start_service(trusted_proxies="127.0.0.1", metrics_from="192.0.2.0/24") as service:
        assert (await service.get("/metrics", headers={"X-Forwarded-For": "192.0.2.1"})).status == 200
        assert (await service.get("/metrics", headers={"X-Forwarded-For": "198.51.100.1"})).status == 404


async def test_an_address_is_limited(start_service: StartService) -> None:
    async with start_service(rate_per_address=1, trusted_proxies="127.0.0.1") as service:
        statuses = [(await service.get("/healthz")).status for _ in range(10)]
        assert statuses.count(200) in (5, 6) and statuses[-1] == 429
        answer = await service.get("/healthz")
        assert answer.error["code"] == "too_many_requests"
        assert int(answer.headers["Retry-After"]) >= 1
        assert (await service.get("/healthz", headers={"X-Forwarded-For": "192.0.2.1"})).status == 200


async def test_a_person_is_limited(start_service: StartService, signed_in: SignIn) -> None:
    one, other = (await signed_in("school")).token, (await signed_in("school")).token
    async with start_service(rate_per_person=1) as service:
        statuses = [(await service.get("/api/me", one)).status for _ in range(10)]
        assert statuses.count(200) in (5, 6) and statuses[-1] == 429
        assert (await service.get("/api/me", other)).status == 200


async def test_a_forwarded_address_is_not_believed_from_anyone(start_service: StartService) -> None:
    async with start_service(rate_per_address=1) as service:
        statuses = [
            (await service.get("/healthz", headers={"X-Forwarded-For": f"192.0.2.{number}"})).status
            for number in range(10)
        ]
        assert statuses[-1] == 429


async def test_the_sign_in_page_runs_only_our_script(service: Service) -> None:
    page = await service.get("/sign-in")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy and "unsafe" not in policy
    html = page.body.decode()
    assert 'lang="zh-CN"' in html
    # No inline script, style or handler: the policy would stop them, and the page would not work.
    assert not re.search(r"<script(?! src=)|<style|style=|\son\w+=|https?://", html)
    for file in re.findall(r'(?:src|href)="(/pages/[^"]+)"', html):
        answer = await service.get(file)
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith(("text/css", "text/javascript"))
        assert b"http" not in answer.body
    assert (await service.get("/pages/no.js")).status == 404
    assert (await service.get("/pages/..%2fapp.py")).status == 404
    home = await service.get("/")
    assert (home.status, home.body) == (200, page.body)


async def test_the_document_names_every_operation(service: Service) -> None:
    document = (await service.get("/api/openapi.json")).json
    assert document["openapi"].startswith("3.1")
    table = {(line.route.template, line.verb.lower()): line.operation for line in lines(ROUTES)}
    found = {(path, method): each for path, item in document["paths"].items() for method, each in item.items()}
    assert found.keys() == table.keys()
    ids = [operation["operationId"] for operation in found.values()]
    assert len(set(ids)) == len(ids)
    for key, described in found.items():
        operation = table[key]
        assert described["summary"], key
        statuses = set(described["responses"])
        assert {"400", "413", "422", "429", "500", "503", str(operation.status)} <= statuses
        assert ({"401", "403"} <= statuses) == (operation.may is not None) or key[1] == "post"
        assert bool(described["security"]) == (operation.may is not None)
        assert {parameter["name"] for parameter in described["parameters"] if parameter["in"] == "path"} == set(
            re.findall(r"\{(\w+)\}", key[0])
        )


async def test_every_reference_of_the_document_leads_somewhere(service: Service) -> None:
    document = (await service.get("/api/openapi.json")).json

    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [each for child in value.values() for each in references(child)]
        return [each for child in value for each in references(child)] if isinstance(value, list) else []

    for reference in references(document):
        place: Any = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def test_every_handler_of_the_url_table_declares_its_operations() -> None:
    for route in ROUTES:
        assert issubclass(route.handler, Handler), route
        assert route.handler.operations, route


def test_every_permission_is_used() -> None:
    used = {line.operation.may for line in lines(ROUTES)} - {None}
    assert used == set(PERMISSIONS)


async def test_the_page_of_the_api_shows_every_operation(service: Service) -> None:
    page = (await service.get("/api/docs")).body.decode()
    assert "<script" not in page and "接口文档" in page
    for line in lines(ROUTES):
        assert f'id="{line.operation.id}"' in page
    anchors, links = set(re.findall(r'id="([^"]+)"', page)), set(re.findall(r'href="#([^"]+)"', page))
    assert links <= anchors


async def test_a_request_is_one_line_of_the_log(service: Service) -> None:
    with capture_logs() as logged:
        answer = await service.get("/sign-in?" + "t" * 43)
    (line,) = [each for each in logged if each["event"] == "request"]
    assert line["request_id"] == answer.headers["X-Request-Id"]
    assert (line["method"], line["route"], line["status"], line["code"]) == ("GET", "/sign-in", 422, "invalid")
    assert "ttt" not in str(line)
