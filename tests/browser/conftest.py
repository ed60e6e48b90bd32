"""Debian's Chromium, the service with the pages as they are built, and phones that reach it through a proxy."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from backend.gateways.web_build import WebBuild
from backend.store.mongo import Database
from tests.browser.field import Field, built_pages, in_the_field, running_browser
from tests.browser.phone import PATIENCE
from tests.http.conftest import Clock, SignIn, clock, signed_in
from tests.http.conftest import steady_database as steady_database

__all__ = ["Field", "clock", "signed_in", "steady_database"]

# A machine that does other things besides takes its time.
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def built() -> WebBuild:
    """The pages of `make web`."""
    return built_pages()


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser for the tests of a worker; each phone is a context of its own."""
    async with running_browser() as running:
        yield running


@pytest.fixture
async def field(
    steady_database: Database, database: Database, clock: Clock, signed_in: SignIn, browser: Browser, built: WebBuild
) -> AsyncIterator[Field]:
    """Everything that a test in the field needs; its phones are closed at the end."""
    async with in_the_field(database, clock, signed_in, browser, built) as found:
        yield found
