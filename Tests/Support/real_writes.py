#!/usr/bin/env python3
"""Writes to any SQLite database as its application might: copies, changes, replaces and deletes rows of every table.

    real_writes.py FILE COUNT SEED
"""

from __future__ import annotations

import random
import sqlite3
import sys


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def main() -> None:
    file, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    dice = random.Random(seed)
    connection = sqlite3.connect(file, isolation_level=None, timeout=30)
    execute = connection.execute
    tables = [
        name
        for (name,) in execute("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'")
        if not name.startswith(("sqlite_", "_changeover_"))
    ]
    written = 0
    for _ in range(count):
        table = dice.choice(tables)
        columns = execute(f"PRAGMA table_info({quoted(table)})").fetchall()
        names = ", ".join(quoted(column[1]) for column in columns)
        some = f"(SELECT rowid FROM {quoted(table)} ORDER BY random() LIMIT 1)"
        key = [column for column in columns if column[5]]
        automatic = len(key) == 1 and key[0][2].upper().startswith("INT")
        free = [column[1] for column in columns if not column[5]]
        try:
            kind = dice.randrange(5)
            if kind == 0:
                row = execute(f"SELECT {names} FROM {quoted(table)} WHERE rowid = {some}").fetchone()
                if row:
                    fresh = [None if column[5] and automatic else value for column, value in zip(columns, row)]
                    execute(f"INSERT INTO {quoted(table)} ({names}) VALUES ({', '.join('?' * len(row))})", fresh)
            elif kind == 1 and free:
                column = quoted(dice.choice(free))
                execute(f"UPDATE {quoted(table)} SET {column} = (SELECT {column} FROM {quoted(table)} ORDER BY random() LIMIT 1) WHERE rowid = {some}")
            elif kind == 2:
                execute(f"INSERT OR REPLACE INTO {quoted(table)} ({names}) SELECT {names} FROM {quoted(table)} WHERE rowid = {some}")
            elif kind == 3:
                execute(f"DELETE FROM {quoted(table)} WHERE rowid = {some}")
            else:
                execute(f"UPDATE OR REPLACE {quoted(table)} SET rowid = rowid + 1 WHERE rowid = {some}")
            written += 1
        except sqlite3.IntegrityError:
            pass
    print(written)


if __name__ == "__main__":
    main()
