#!/usr/bin/env python3
"""Prints every row of the application's tables as SQLite stores it: storage class and bytes of each column.

stored_values.py FILE OUTPUT          writes them, sorted
stored_values.py FILE OUTPUT --equal  compares with what was written before, and prints the rows that are not there
"""

from __future__ import annotations

import sqlite3
import sys
from typing import Iterator, List


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def tables(database: sqlite3.Connection) -> Iterator[str]:
    shadows = {name for kind, name in database.execute("SELECT type, name FROM pragma_table_list") if kind != "table"}
    for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"):
        if not name.startswith(("sqlite_", "_changeover")) and name not in shadows:
            yield name


def rows(database: sqlite3.Connection) -> List[str]:
    found = []
    for table in tables(database):
        columns = [quoted(row[1]) for row in database.execute(f"PRAGMA table_xinfo({quoted(table)})")]
        values = ", ".join(f"typeof({column}), hex({column})" for column in columns)
        # A REAL by its bits: its text would be rounded.
        reals = ", ".join(f"CASE typeof({column}) WHEN 'real' THEN {column} END" for column in columns)
        for row in database.execute(f"SELECT {values}, {reals} FROM {quoted(table)}"):
            cells = []
            for place in range(len(columns)):
                kind, text, real = row[2 * place], row[2 * place + 1], row[2 * len(columns) + place]
                cells.append(f"{kind}:{real.hex() if kind == 'real' else text}")
            found.append(table + "|" + "|".join(cells))
    return sorted(found)


def main() -> None:
    database = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True, timeout=30)
    now = rows(database)
    if "--equal" not in sys.argv:
        with open(sys.argv[2], "w", encoding="ascii", errors="backslashreplace") as file:
            file.write("\n".join(now))
        return
    with open(sys.argv[2], encoding="ascii") as file:
        before = file.read().split("\n")
    now = [row.encode("ascii", "backslashreplace").decode() for row in now]
    for sign, some in (("-", set(before) - set(now)), ("+", set(now) - set(before))):
        for row in sorted(some)[:5]:
            print(sign, row[:300])
    if len(before) != len(now):
        print(len(before), "rows before,", len(now), "now")


if __name__ == "__main__":
    main()
