"""The console in a browser, on a desk's screen, against the real service."""
