"""The URL table, and the application that serves it."""

import ssl

from tornado.httpserver import HTTPServer
from tornado.web import Application

from backend.deps import Deps
from backend.handlers import (
    answers,
    closing,
    cycles,
    decisions,
    discrepancies,
    documents,
    evidence,
    files,
    imports,
    inbox,
    live,
    operations,
    outbox,
    people,
    photo_flags,
    public_notices,
    publications,
    recommendation_lists,
    reviews,
    rubric_changes,
    schools,
    score_sheets,
    statistics,
    submissions,
    tables,
    targets,
    uploads,
    visits,
    web,
    wechat,
    wechat_push,
    workbooks,
)
from backend.handlers.base import UnknownPath
from backend.handlers.context import Context, new_context
from backend.handlers.health import Alive, MetricsText, Ready
from backend.handlers.openapi import ApiPage, OpenApi
from backend.handlers.pages import Home, PageFile, SignInPage, VerifyPage
from backend.handlers.routing import Route
from backend.handlers.sessions import CurrentPerson, CurrentSession, Password, Sessions, SignInLinks

ROUTES: tuple[Route, ...] = (
    # Tornado walks the table from the top, and phones send batches more often than all else.
    *operations.ROUTES,
    Route("/", Home),
    Route("/sign-in", SignInPage),
    Route("/verify", VerifyPage),
    Route("/pages/{page_file}", PageFile),
    *web.ROUTES,
    Route("/healthz", Alive),
    Route("/readyz", Ready),
    Route("/metrics", MetricsText),
    Route("/api/openapi.json", OpenApi),
    Route("/api/docs", ApiPage),
    Route("/api/sessions", Sessions),
    Route("/api/sessions/current", CurrentSession),
    Route("/api/me", CurrentPerson),
    Route("/api/me/password", Password),
    Route("/api/people/{person_id}/sign-in-links", SignInLinks),
    *cycles.ROUTES,
    *rubric_changes.ROUTES,
    *imports.ROUTES,
    *inbox.ROUTES,
    *outbox.ROUTES,
    *people.ROUTES,
    *schools.ROUTES,
    *discrepancies.ROUTES,
    *answers.ROUTES,
    *decisions.ROUTES,
    *public_notices.ROUTES,
    *publications.ROUTES,
    *targets.ROUTES,
    *statistics.ROUTES,
    *photo_flags.ROUTES,
    *visits.ROUTES,
    *live.ROUTES,
    *score_sheets.ROUTES,
    *closing.ROUTES,
    *submissions.ROUTES,
    *tables.ROUTES,
    *evidence.ROUTES,
    *files.ROUTES,
    *uploads.ROUTES,
    *reviews.ROUTES,
    *recommendation_lists.ROUTES,
    *wechat.ROUTES,
    *wechat_push.ROUTES,
    *documents.ROUTES,
    *workbooks.ROUTES,
)

# Handlers bound the body themselves, so that a refusal has our shape; Tornado's own limit only answers a bare 400.
_NO_LIMIT = 2**50
_BODY_SECONDS = 120
_IDLE_SECONDS = 75


def make_app(deps: Deps, routes: tuple[Route, ...] = ROUTES) -> Application:
    """The application on the URL table; its settings hold the `Context`."""
    return Application(
        [route.spec() for route in routes],
        context=new_context(deps, routes),
        default_handler_class=UnknownPath,
        websocket_ping_interval=live.PING_SECONDS,
        websocket_ping_timeout=live.PING_SECONDS,
        # The log line of a request is the handler's.
        log_function=lambda handler: None,
    )


def context_of(app: Application) -> Context:
    """What the handlers of the application share."""
    context: Context = app.settings["context"]
    return context


def make_server(app: Application, tls: ssl.SSLContext | None = None) -> HTTPServer:
    """The HTTP server of the application, not yet listening; with `tls` it speaks HTTPS."""
    return HTTPServer(
        app, ssl_options=tls, max_body_size=_NO_LIMIT, body_timeout=_BODY_SECONDS, idle_connection_timeout=_IDLE_SECONDS
    )
