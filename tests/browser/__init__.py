"""The phone's app in a real browser, against the real service."""
