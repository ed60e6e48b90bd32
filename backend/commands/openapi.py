"""`python -m backend openapi`: prints the API's description, as GET /api/openapi.json answers it. Needs no database."""

import argparse
import json
import sys

SUMMARY = "输出 API 的说明（OpenAPI 3.1，JSON）；网页端的类型由它生成"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options."""


def run(args: argparse.Namespace) -> int:
    """Prints the document, the same text for the same code."""
    from backend.app import ROUTES
    from backend.handlers.openapi import describe

    sys.stdout.write(json.dumps(describe(ROUTES), ensure_ascii=False, indent=1) + "\n")
    return 0
