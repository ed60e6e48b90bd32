"""`python -m backend openapi`: the description of the API, without a service."""

import json

import pytest

from backend.__main__ import main
from backend.app import ROUTES
from backend.handlers.openapi import describe


def test_prints_what_the_service_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["openapi"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(describe(ROUTES)))
