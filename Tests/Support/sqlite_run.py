#!/usr/bin/env python3
"""Runs the statements on standard input on a SQLite file, each by itself, and prints the rows, fields joined by |."""

from __future__ import annotations

import sqlite3
import sys
from typing import Iterator


def statements(text: str) -> Iterator[str]:
    pending = ""
    for piece in text.split(";"):
        pending += piece + ";"
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    if pending.strip(" \n;"):
        yield pending


def main() -> None:
    connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
    connection.text_factory = lambda text: text.decode("utf-8", "backslashreplace")
    for statement in statements(sys.stdin.read()):
        for row in connection.execute(statement):
            print("|".join("" if value is None else str(value) for value in row))
    connection.close()


if __name__ == "__main__":
    main()
