#!/usr/bin/env python3
"""Tables of every kind, with values of every storage class.

    table_kinds.py create FILE [MODE]    makes them and fills them
    table_kinds.py change FILE           writes to each in every way that moves rows
"""

from __future__ import annotations

import sqlite3
import sys

INF = float("inf")
SMALLEST, LARGEST = -(2**63), 2**63 - 1

SCHEMA = '''
CREATE TABLE whole (id INTEGER PRIMARY KEY, a INT, b TEXT, c REAL, d BLOB, e, f BOOLEAN, g DATE, h DECIMAL(10,2));
CREATE TABLE auto (id INTEGER PRIMARY KEY AUTOINCREMENT, u TEXT UNIQUE, v INTEGER UNIQUE ON CONFLICT REPLACE);
CREATE TABLE worded (word TEXT PRIMARY KEY, n INT);
CREATE TABLE folded (word TEXT COLLATE NOCASE PRIMARY KEY, n INT);
CREATE TABLE composite (a INT, b TEXT COLLATE NOCASE, c REAL, n INT, PRIMARY KEY (b, a, c)) WITHOUT ROWID;
CREATE TABLE bare (k BLOB PRIMARY KEY, n) WITHOUT ROWID;
CREATE TABLE keyless (a INT, b TEXT, c);
CREATE TABLE shadowed (rowid TEXT, oid INT, b BLOB);
CREATE TABLE unnulled (code TEXT NOT NULL UNIQUE, n INT);
CREATE TABLE nulled (word TEXT PRIMARY KEY, n INT);
CREATE TABLE untyped (k PRIMARY KEY, n);
CREATE TABLE descending (id INTEGER PRIMARY KEY DESC, n INT);
CREATE TABLE generated (
  id INTEGER PRIMARY KEY, a INT, twice INT GENERATED ALWAYS AS (a * 2) VIRTUAL, text TEXT AS ('n' || a) STORED
);
CREATE TABLE displaced (id INTEGER PRIMARY KEY, email TEXT COLLATE NOCASE UNIQUE, a INT, b INT, UNIQUE (a, b));
CREATE UNIQUE INDEX displaced_part ON displaced (a) WHERE b IS NULL;
CREATE UNIQUE INDEX displaced_folded ON displaced (lower(email) || a);
CREATE TABLE "select ""from"" where" ("order" INTEGER PRIMARY KEY, "a ""b""" TEXT, "größe €" REAL, "'x'" BLOB, "user" INT);
CREATE TABLE strict (id INTEGER PRIMARY KEY, any ANY, t TEXT, b BLOB) STRICT;
CREATE TABLE empty (id INTEGER PRIMARY KEY, t TEXT, n INT);
CREATE TABLE ferry (id INTEGER PRIMARY KEY, parent INT REFERENCES ferry ON DELETE CASCADE, n INT);
'''

CLASSES = (None, 0, 1, -1, SMALLEST, LARGEST, 0.1 + 0.2, -0.0, 5e-324, INF, -INF, 1e300, "", "text", "größe €😀", b"", b"\x00\xff")


def create(connection: sqlite3.Connection) -> None:
    connection.executescript(SCHEMA)
    run = connection.execute
    run("BEGIN")
    for number, value in enumerate(CLASSES):
        text = value if isinstance(value, str) else str(number)
        real = value if isinstance(value, float) else number / 3
        blob = value if isinstance(value, bytes) else bytes([number])
        date = "2024-02-29" if number % 2 else None
        run("INSERT INTO whole VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (number * 1000, number, text, real, blob, value, number % 2, date, number + 0.25))
        run("INSERT INTO auto (u, v) VALUES (?, ?)", (f"u{number}", number))
        run("INSERT INTO worded VALUES (?, ?)", (f"{text}{number}", number))
        run("INSERT INTO folded VALUES (?, ?)", (f"Word{number}", number))
        run("INSERT INTO composite VALUES (?, ?, ?, ?)", (number % 3, f"B{number}", real, number))
        run("INSERT INTO bare VALUES (?, ?)", (bytes([number]) + blob, value))
        run("INSERT INTO keyless VALUES (?, ?, ?)", (number // 2, "twin", value))
        run("INSERT INTO shadowed VALUES (?, ?, ?)", (text, number, blob))
        run("INSERT INTO unnulled VALUES (?, ?)", (f"code{number}", number))
        run("INSERT INTO nulled VALUES (?, ?)", (f"w{number}", number))
        run("INSERT INTO nulled VALUES (NULL, ?)", (number,))
        if value is not None:
            run("INSERT OR IGNORE INTO untyped VALUES (?, ?)", (value, value))
        run("INSERT INTO descending VALUES (?, ?)", (number - 5, number))
        run("INSERT INTO generated (id, a) VALUES (?, ?)", (number, number))
        run("INSERT INTO displaced VALUES (?, ?, ?, ?)", (number, f"E{number}@x", number, number % 2 or None))
        run('INSERT INTO "select ""from"" where" VALUES (?, ?, ?, ?, ?)', (number, text, real, blob, number))
        run("INSERT INTO strict VALUES (?, ?, ?, ?)", (number, value, text, blob))
        run("INSERT INTO ferry VALUES (?, ?, ?)", (number, number // 2 if number else None, number))
    run("INSERT INTO untyped VALUES (1.5, 'x'), ('1', 'text'), (x'31', 'blob')")
    run("COMMIT")


def change(connection: sqlite3.Connection) -> None:
    run = connection.execute
    for statement in (
        "PRAGMA foreign_keys = ON",
        "INSERT INTO whole SELECT id + 7, a, b, c, d, e, f, g, h FROM whole",
        "UPDATE whole SET id = id + 1",
        "UPDATE whole SET e = CASE typeof(e) WHEN 'text' THEN x'00' WHEN 'blob' THEN 'was blob' ELSE e END",
        "UPDATE whole SET b = NULL, c = -0.0 WHERE id % 3 = 0",
        "INSERT OR REPLACE INTO auto (u, v) SELECT u, v + 1 FROM auto",
        "INSERT INTO auto (u, v) VALUES ('z', 3)",
        "UPDATE auto SET id = -id WHERE id % 2",
        "DELETE FROM worded WHERE n % 3 = 0",
        "UPDATE worded SET word = 'new ' || word",
        "UPDATE folded SET word = upper(word) WHERE n % 2",
        "INSERT OR REPLACE INTO folded SELECT lower(word), n + 100 FROM folded WHERE n % 3 = 0",
        "INSERT INTO folded VALUES ('WORD2', 5) ON CONFLICT (word) DO UPDATE SET word = 'wOrD2', n = 9",
        "UPDATE composite SET b = lower(b), a = a + 1",
        "DELETE FROM composite WHERE n = 3",
        "UPDATE bare SET k = CAST(k || x'00' AS BLOB) WHERE typeof(n) = 'real'",
        "INSERT OR REPLACE INTO bare SELECT k, 'again' FROM bare",
        "DELETE FROM keyless WHERE rowid % 4 = 0",
        "UPDATE keyless SET rowid = rowid + 100 WHERE rowid % 4 = 1",
        "INSERT INTO keyless SELECT * FROM keyless",
        "DELETE FROM shadowed WHERE oid = 2",
        "UPDATE shadowed SET rowid = 'moved', oid = oid + 1 WHERE oid > 9",
        "UPDATE unnulled SET code = code || 'x' WHERE n % 2",
        "INSERT OR REPLACE INTO unnulled SELECT code, -n FROM unnulled",
        "INSERT INTO nulled VALUES (NULL, -1), ('', -2)",
        "UPDATE nulled SET word = NULL WHERE n = 4",
        "DELETE FROM nulled WHERE n = 5",
        "DELETE FROM untyped WHERE typeof(k) = 'integer' AND k < 0",
        "UPDATE untyped SET k = 2.0 WHERE k = 1",
        "UPDATE untyped SET k = '2.0' WHERE typeof(k) = 'blob' AND k = x'31'",
        "UPDATE descending SET id = id - 1 WHERE id = -5",
        "INSERT OR REPLACE INTO descending VALUES (3, 77)",
        "UPDATE generated SET a = a + 1",
        "INSERT INTO generated (id, a) VALUES (-1, NULL)",
        "INSERT OR REPLACE INTO displaced VALUES (100, 'e1@X', 2, 5)",
        "INSERT OR REPLACE INTO displaced VALUES (101, 'fresh', 4, NULL)",
        "UPDATE OR REPLACE displaced SET email = 'E3@x' WHERE id = 5",
        "UPDATE OR REPLACE displaced SET a = 7, b = 1 WHERE id = 6",
        'UPDATE "select ""from"" where" SET "order" = "order" + 50, "größe €" = NULL WHERE "user" > 5',
        'DELETE FROM "select ""from"" where" WHERE "user" = 1',
        "UPDATE strict SET any = b, t = 'x' WHERE id % 2",
        "INSERT INTO empty VALUES (1, 'first', 1), (2, NULL, NULL)",
        "UPDATE empty SET id = 9 WHERE id = 2",
        "DELETE FROM ferry WHERE id = 2",
        "INSERT OR REPLACE INTO ferry VALUES (1, 0, 99)",
    ):
        run(statement)
    # Savepoints rolled back, and two rows that swap a UNIQUE value.
    run("BEGIN")
    run("SAVEPOINT s")
    run("DELETE FROM worded")
    run("ROLLBACK TO s")
    run("UPDATE displaced SET email = 'parked' WHERE id = 8")
    run("UPDATE displaced SET email = 'E8@x' WHERE id = 9")
    run("UPDATE displaced SET email = 'E9@x' WHERE id = 8")
    run("COMMIT")


def main() -> None:
    action, file = sys.argv[1:3]
    connection = sqlite3.connect(file, isolation_level=None, timeout=30)
    if action == "create":
        connection.execute(f"PRAGMA journal_mode = {sys.argv[3] if len(sys.argv) > 3 else 'wal'}")
        create(connection)
    else:
        change(connection)
    connection.close()


if __name__ == "__main__":
    main()
