#!/usr/bin/env python3
"""The application of the fuzzer: runs units of statements that come as lines of JSON on stdin, and answers each with a line.

    fuzz_writer.py FILE LIBRARY      sqlite3 (Python's own), or pysqlite3 or apsw, which bring newer versions of SQLite

Two connections, "a" and "b". A statement that fails is passed over, as an application would that handles errors; a
transaction still open at a unit's end is rolled back.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any, Tuple


def opener(library: str, file: str) -> Tuple[Any, type]:
    """A function that opens a connection, and what its errors are."""
    if library == "apsw":
        apsw = importlib.import_module("apsw")

        def open_apsw(milliseconds: int) -> Any:
            connection = apsw.Connection(file)
            connection.set_busy_timeout(milliseconds)
            return connection

        return open_apsw, apsw.Error
    module = importlib.import_module("sqlite3" if library == "sqlite3" else "pysqlite3.dbapi2")
    return lambda milliseconds: module.connect(file, isolation_level=None, timeout=milliseconds / 1000), module.Error


def main() -> None:
    file, library = sys.argv[1:]
    connect, failure = opener(library, file)
    # What "b" does while "a" holds the lock fails at once.
    connections = {"a": connect(15_000), "b": connect(0)}
    for line in sys.stdin:
        failed = 0
        for name, statement in json.loads(line):
            try:
                for _ in connections[name].execute(statement):
                    pass
            except failure:
                failed += 1
        for connection in connections.values():
            try:
                connection.execute("ROLLBACK")
            except failure:
                pass
        print(failed, flush=True)


if __name__ == "__main__":
    main()
