"""The service: HTTP in, MongoDB and WeChat out."""
