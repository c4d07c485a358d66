#!/usr/bin/env python3
"""What a writer without patience sees of SQLITE_BUSY, alone and with a sync beside it.

    scripts/with-postgres python3 benchmarks/busy.py [--seconds 600] [--rate 200] [BINARY]

One connection with busy_timeout=0 writes transactions at a steady rate, first alone, then while `changeover sync` copies
and streams. Everything that finds the source locked was kept out by changeover: there is no other writer. A look at the
`-wal` file and at read transactions goes along. Prints Markdown.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import List, Optional

SCHEMA = """
CREATE TABLE account (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, balance REAL, note TEXT);
CREATE TABLE event (id INTEGER PRIMARY KEY, kind TEXT, payload BLOB, at REAL);
"""
ROWS = 20_000


@dataclass
class Seen:
    seconds: float = 0
    transactions: int = 0
    # Attempts that found the source locked, and how long it took until one came through.
    busy: int = 0
    waits: List[float] = field(default_factory=list)
    latencies: List[float] = field(default_factory=list)
    largest_wal: int = 0

    def quantile(self, values: List[float], share: float) -> float:
        ordered = sorted(values)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0

    def row(self, name: str) -> str:
        milliseconds = lambda value: f"{value * 1000:.2f}"
        return (
            f"| {name} | {self.transactions} | {self.busy} | {self.busy / max(self.transactions, 1) * 1e6:.0f} |"
            f" {milliseconds(self.quantile(self.waits, 0.5))} | {milliseconds(max(self.waits, default=0))} |"
            f" {milliseconds(self.quantile(self.latencies, 0.5))} | {milliseconds(self.quantile(self.latencies, 0.99))} |"
            f" {self.largest_wal / 1e6:.1f} |"
        )


def create(source: Path) -> None:
    connection = sqlite3.connect(source, isolation_level=None)
    connection.execute("PRAGMA journal_mode = wal")
    connection.executescript(SCHEMA)
    connection.execute("BEGIN")
    for number in range(ROWS):
        connection.execute("INSERT INTO account VALUES (?, ?, 0, 'note')", (number, f"a{number}@example.org"))
    connection.execute("COMMIT")
    connection.close()


def write(source: Path, seconds: float, rate: float, sync: Optional[subprocess.Popen]) -> Seen:
    dice, seen = random.Random(1), Seen()
    connection = sqlite3.connect(source, isolation_level=None, timeout=0)
    connection.execute("PRAGMA synchronous = normal")
    wal = Path(f"{source}-wal")
    began = time.monotonic()
    while True:
        now = time.monotonic()
        if now - began > seconds:
            break
        ahead = began + seen.transactions / rate - now
        if ahead > 0:
            time.sleep(ahead)
        begun = time.monotonic()
        refused: Optional[float] = None
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("UPDATE account SET balance = balance + 1 WHERE id = ?", (dice.randrange(ROWS),))
                connection.execute("INSERT INTO event (kind, payload, at) VALUES ('e', ?, ?)", (dice.randbytes(100), begun))
                connection.execute("DELETE FROM event WHERE id = ?", (seen.transactions - 20_000,))
                connection.execute("COMMIT")
                break
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    raise
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                seen.busy += refused is None
                refused = refused or time.monotonic()
        done = time.monotonic()
        if refused:
            seen.waits.append(done - refused)
        seen.latencies.append(done - begun)
        seen.transactions += 1
        if seen.transactions % 100 == 0:
            seen.largest_wal = max(seen.largest_wal, wal.stat().st_size)
            if sync and sync.poll() is not None:
                sys.exit(f"sync ended with {sync.returncode}")
    seen.seconds = time.monotonic() - began
    connection.close()
    return seen


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", nargs="?", default=".build/release/changeover")
    parser.add_argument("--seconds", type=float, default=600, help="of each of the two runs")
    parser.add_argument("--rate", type=float, default=200, help="transactions a second")
    arguments = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="changeover-busy."))
    sync: Optional[subprocess.Popen] = None
    try:
        rows = []
        for name in ("alone", "with sync"):
            source = directory / f"{name.replace(' ', '-')}.db"
            create(source)
            if name == "with sync":
                command = [arguments.binary, "sync", "--source", str(source)]
                with open(directory / "sync.log", "wb") as log:
                    sync = subprocess.Popen(command, stdout=log, stderr=log)
            rows.append(write(source, arguments.seconds, arguments.rate, sync).row(name))
        sync.terminate()
        if sync.wait(30) != 0:
            sys.exit(f"sync ended with {sync.returncode}: {(directory / 'sync.log').read_text()}")
        print(f"{arguments.seconds:.0f} s each, {arguments.rate:.0f} transactions/s of three statements, `busy_timeout=0`, WAL,")
        print(f"SQLite {sqlite3.sqlite_version}, {os.cpu_count()} cores, {platform.machine()}.")
        print()
        print("| | transactions | found it locked | per million | wait ms, half | wait ms, longest | commit ms, half | 99 % | largest WAL MB |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
        print("\n".join(rows))
        return 0
    finally:
        if sync and sync.poll() is None:
            sync.kill()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
