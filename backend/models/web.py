"""What kinds of files the web pages are made of, by how their names end; and what pages ask of the service first."""

from backend.models.base import Instant, Model

# Counts the changes of the API that an older page can't live with; see docs/compatibility.md.
OLDEST_APP = 1

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}


class AppInfo(Model):
    """`oldest_app`: a page whose own number is lower must update before it syncs; what it holds stays."""

    server_now: Instant
    oldest_app: int
