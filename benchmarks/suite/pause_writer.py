"""An application that writes where it is told to: 500 transactions a second, each noted when it was acknowledged.

    python -m suite.pause_writer SQLITE_FILE URL WHERE_FILE LOG_FILE RATE

WHERE_FILE says `sqlite` or `postgres`. A refused write is tried again, in the store that the file names by then.
"""

from __future__ import annotations

import signal
import sqlite3
import sys
import time
from pathlib import Path

import psycopg


class Stores:
    def __init__(self, file: str, url: str) -> None:
        self.file, self.url = file, url
        self.sqlite, self.postgres = None, None

    def write(self, store: str, number: int) -> None:
        if store == "sqlite":
            if self.sqlite is None:
                self.sqlite = sqlite3.connect(self.file, isolation_level=None, timeout=5)
                self.sqlite.execute("PRAGMA synchronous = NORMAL")
            self.sqlite.execute("INSERT INTO written (id, body) VALUES (?, 'a write')", (number,))
        else:
            if self.postgres is None:
                self.postgres = psycopg.connect(self.url, autocommit=True)
            self.postgres.execute("INSERT INTO written (id, body) VALUES (%s, 'a write')", [number])

    def forget(self) -> None:
        if self.postgres is not None and self.postgres.broken:
            self.postgres = None


def main() -> None:
    file, url, where, log, rate = sys.argv[1:]
    is_over = False

    def stop(*_: object) -> None:
        nonlocal is_over
        is_over = True

    signal.signal(signal.SIGTERM, stop)
    stores, place = Stores(file, url), Path(where)
    number, due = 0, time.monotonic()
    with open(log, "w", buffering=1) as out:
        while not is_over:
            due += 1 / float(rate)
            number += 1
            while not is_over:
                try:
                    stores.write(place.read_text().strip() or "sqlite", number)
                    break
                except (sqlite3.Error, psycopg.Error) as error:
                    # The write may have been acknowledged all the same, where the connection broke.
                    if isinstance(error, (sqlite3.IntegrityError, psycopg.errors.UniqueViolation)):
                        break
                    stores.forget()
                    time.sleep(0.0005)
            now = time.monotonic()
            out.write(f"{now:.6f}\n")
            if due > now:
                time.sleep(due - now)
            else:
                due = now


main()
