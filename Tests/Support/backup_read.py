#!/usr/bin/env python3
"""Reads a backup without the product: recomputes every figure of its manifest, as docs/backup.md describes them.

    backup_read.py FOLDER [FILE]    prints "as the manifest says"; with FILE, that file's rows are compared instead
"""

from __future__ import annotations

import hashlib
import json
import pathlib
import sqlite3
import struct
import sys


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def framed(value: object) -> bytes:
    if value is None:
        return b"\x00"
    if isinstance(value, int):
        return b"\x01" + struct.pack(">q", value)
    if isinstance(value, float):
        return b"\x02" + struct.pack(">d", value)
    kind, content = (b"\x03", value.encode("utf-8", "surrogateescape")) if isinstance(value, str) else (b"\x04", value)
    return kind + struct.pack(">Q", len(content)) + content


def condensed(connection: sqlite3.Connection, table: str) -> tuple[int, str]:
    columns = [row[1] for row in connection.execute(f"PRAGMA table_xinfo({quoted(table)})") if row[6] in (0, 3)]
    names = ", ".join(map(quoted, columns))
    without_rowid = connection.execute(
        "SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?", (table,)
    ).fetchone()[0]
    taken = {column.lower() for column in columns}
    alias = next((name for name in ("rowid", "oid", "_rowid_") if name not in taken), None)
    if alias and not without_rowid:
        query = f"SELECT {alias}, {names} FROM {quoted(table)} ORDER BY {alias}"
    else:
        query = f"SELECT {names} FROM {quoted(table)} NOT INDEXED"
    rows, digest = 0, hashlib.sha256()
    for row in connection.execute(query):
        rows += 1
        for value in row:
            digest.update(framed(value))
    return rows, digest.hexdigest()


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    manifest = json.loads((folder / "manifest.json").read_text())
    database = folder / "database.sqlite"
    file = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else database
    wrong = []
    if file == database:
        content = database.read_bytes()
        if hashlib.sha256(content).hexdigest() != manifest["database"]["sha256"]:
            wrong.append("sha256 of the database")
        if len(content) != manifest["database"]["bytes"]:
            wrong.append("bytes")
        if hashlib.sha256((folder / "schema.sql").read_bytes()).hexdigest() != manifest["schema_sha256"]:
            wrong.append("sha256 of the schema")
    connection = sqlite3.connect(f"file:{file}?immutable=1" if file == database else f"file:{file}", uri=True)
    connection.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
    names = [
        name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0")
    ]
    if names != [table["name"] for table in manifest["tables"]]:
        wrong.append("the list of tables")
    for table in manifest["tables"]:
        if condensed(connection, table["name"]) != (table["rows"], table["sha256"]):
            wrong.append(table["name"])
    print("\n".join(wrong) or "as the manifest says")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
