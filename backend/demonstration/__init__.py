"""The demonstration: an invented city's schools, and people who work them through a cycle by the HTTP API alone."""
