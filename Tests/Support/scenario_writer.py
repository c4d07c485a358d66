#!/usr/bin/env python3
"""The application of the scenario tests: writes to a SQLite file as applications do, and notes what was acknowledged.

    create FILE     makes the tables and some rows
    write FILE      writes until SIGTERM, or for so many transactions; prints counts as JSON at the end
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sqlite3
import time

SCHEMA = """
CREATE TABLE account (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE, balance REAL, note);
CREATE TABLE product (sku TEXT PRIMARY KEY COLLATE NOCASE, name TEXT, price REAL, stock INTEGER NOT NULL DEFAULT 0);
CREATE TABLE line (
  account INTEGER, position INTEGER, sku TEXT, quantity INTEGER, PRIMARY KEY (account, position)
) WITHOUT ROWID;
CREATE TABLE event (kind TEXT, payload BLOB, at REAL);
CREATE TABLE slot (id INTEGER PRIMARY KEY, place INTEGER UNIQUE, holder TEXT);
CREATE TABLE ledger (writer INTEGER, number INTEGER, what TEXT, PRIMARY KEY (writer, number));
CREATE INDEX line_by_sku ON line (sku);
"""


def create(file: str, rows: int, mode: str) -> None:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute(f"PRAGMA journal_mode = {mode}")
    connection.executescript(SCHEMA)
    dice = random.Random(7)
    connection.execute("BEGIN")
    for number in range(rows):
        note = (None, "x" * 40, 3, 2.5, b"\x00\xff")[number % 5]
        connection.execute("INSERT INTO account VALUES (NULL, ?, ?, ?)", (f"a{number}@x", dice.random() * 1e6, str(note)))
        connection.execute("INSERT INTO product VALUES (?, ?, ?, 9)", (f"Sku-{number}", f"Product {number}", 0.1 * number))
        connection.execute("INSERT INTO line VALUES (?, 1, ?, 1)", (number, f"Sku-{number}"))
        connection.execute("INSERT INTO event VALUES ('start', ?, ?)", (dice.randbytes(20), dice.random()))
        connection.execute("INSERT INTO slot VALUES (?, ?, ?)", (number, number, f"h{number}"))
    connection.execute("COMMIT")
    connection.close()


class Writer:
    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.dice = random.Random(arguments.seed * 1000 + arguments.number)
        self.connection = sqlite3.connect(arguments.file, isolation_level=None, timeout=arguments.busy_timeout)
        self.stopped = False
        self.number = 0
        self.busy = 0
        self.slowest = 0.0
        self.longest = 0.0
        self.refused_since = None
        self.range = 1 + self.connection.execute("SELECT count(*) FROM slot").fetchone()[0] * 2

    def run(self) -> None:
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "stopped", True))
        began = time.monotonic()
        done = self.connection.execute(
            "SELECT coalesce(max(number), 0) FROM ledger WHERE writer = ?", (self.arguments.number,)
        ).fetchone()[0]
        self.number = done
        limit = self.arguments.transactions
        with open(self.arguments.log, "a", buffering=1) as log:
            while not self.stopped and (limit is None or self.number - done < limit):
                ahead = began + (self.number - done) / self.arguments.rate - time.monotonic()
                if ahead > 0:
                    time.sleep(min(ahead, 0.05))
                    continue
                if self.transaction():
                    log.write(f"{self.number}\n")
        self.connection.close()
        figures = {"transactions": self.number - done, "busy": self.busy}
        figures |= {"slowest_ms": self.slowest * 1000, "longest_ms": round(self.longest * 1000, 1)}
        print(json.dumps(figures))

    def transaction(self) -> bool:
        """One transaction; False where SQLite was locked, and nothing was written."""
        execute, began = self.connection.execute, time.monotonic()
        try:
            execute("BEGIN IMMEDIATE")
            self.change()
            execute("INSERT INTO ledger VALUES (?, ?, 'done')", (self.arguments.number, self.number + 1))
            execute("COMMIT")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            # Counted once a transaction, however often it is tried.
            if self.refused_since is None:
                self.busy += 1
                self.refused_since = time.monotonic()
            if self.connection.in_transaction:
                execute("ROLLBACK")
            return False
        self.number += 1
        self.slowest = max(self.slowest, time.monotonic() - began)
        if self.refused_since is not None:
            self.longest = max(self.longest, time.monotonic() - self.refused_since)
            self.refused_since = None
        return True

    def change(self) -> None:
        execute, dice = self.connection.execute, self.dice
        some = lambda: dice.randrange(self.range)
        for _ in range(dice.randint(1, 3)):
            kind = dice.randrange(12)
            if kind == 0:
                execute("INSERT OR REPLACE INTO account (email, balance, note) VALUES (?, ?, 'r')", (f"a{some()}@x", dice.random()))
            elif kind == 1:
                execute("UPDATE account SET balance = balance + 0.1 WHERE id = ?", (some(),))
            elif kind == 2:
                execute("DELETE FROM account WHERE id = ?", (some(),))
            elif kind == 3:
                execute(
                    "INSERT INTO product VALUES (?, 'new', ?, 1) ON CONFLICT (sku) DO UPDATE SET stock = stock + 1",
                    (dice.choice(("Sku-", "SKU-", "sku-")) + str(some()), dice.random()),
                )
            elif kind == 4:
                execute("UPDATE OR REPLACE slot SET place = ? WHERE id = ?", (some(), some()))
            elif kind == 5:
                execute("INSERT OR REPLACE INTO slot VALUES (?, ?, 'x')", (some(), some()))
            elif kind == 6:
                execute("INSERT OR REPLACE INTO line VALUES (?, ?, ?, ?)", (some(), dice.randrange(3), f"Sku-{some()}", some()))
            elif kind == 7:
                execute("DELETE FROM line WHERE account = ?", (some(),))
            elif kind == 8:
                execute("INSERT INTO event VALUES ('write', ?, ?)", (dice.randbytes(dice.randrange(200)), dice.random()))
            elif kind == 9:
                execute("DELETE FROM event WHERE rowid = (SELECT max(rowid) FROM event)")
            elif kind == 10:
                execute("UPDATE OR IGNORE slot SET id = ? WHERE id = ?", (some(), some()))
            else:
                execute("UPDATE product SET sku = upper(sku), price = ? WHERE sku = ?", (dice.random(), f"sku-{some()}"))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=("create", "write"))
    parser.add_argument("file")
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--mode", default="wal")
    parser.add_argument("--log", default="/dev/null")
    parser.add_argument("--number", type=int, default=1)
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--transactions", type=int)
    parser.add_argument("--busy-timeout", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    if arguments.action == "create":
        create(arguments.file, arguments.rows, arguments.mode)
    else:
        Writer(arguments).run()


if __name__ == "__main__":
    main()
