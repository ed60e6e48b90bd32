"""The schools' pages in a real browser."""
