#!/usr/bin/env python3
"""Writes to a SQLite file so that no trigger fires.

    exec FILE                           runs the statements on standard input with triggers switched off
    blob FILE TABLE COLUMN ROWID HEX    writes bytes over the beginning of a value, in place
"""

from __future__ import annotations

import ctypes
import ctypes.util
import sqlite3
import sys

ENABLE_TRIGGER = 1003


def execute(file: str, statements: str) -> None:
    library = ctypes.CDLL(ctypes.util.find_library("sqlite3"))
    handle = ctypes.c_void_p()
    assert library.sqlite3_open(file.encode(), ctypes.byref(handle)) == 0
    library.sqlite3_busy_timeout(handle, 10_000)
    assert library.sqlite3_db_config(handle, ENABLE_TRIGGER, 0, None) == 0
    message = ctypes.c_char_p()
    code = library.sqlite3_exec(handle, statements.encode(), None, None, ctypes.byref(message))
    assert code == 0, (code, message.value)
    library.sqlite3_close(handle)


def write_blob(file: str, table: str, column: str, rowid: str, data: str) -> None:
    connection = sqlite3.connect(file, isolation_level=None, timeout=10)
    with connection.blobopen(table, column, int(rowid)) as blob:
        blob.write(bytes.fromhex(data))
    connection.close()


if __name__ == "__main__":
    if sys.argv[1] == "exec":
        execute(sys.argv[2], sys.stdin.read())
    else:
        write_blob(*sys.argv[2:])
