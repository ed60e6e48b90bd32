"""The only place that knows MongoDB."""
