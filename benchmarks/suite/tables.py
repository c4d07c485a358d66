"""The tables that are measured."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path
from typing import Iterator, Tuple

MEASUREMENTS = (
    "CREATE TABLE {name} (id INTEGER PRIMARY KEY, device INTEGER NOT NULL, reading REAL, unit TEXT, note TEXT,"
    " raw BLOB, taken_at DATETIME, version INTEGER NOT NULL)"
)


def measurements(first: int, count: int, seed: int = 1) -> Iterator[Tuple]:
    """Rows of eight columns: numbers, a double, texts, a blob, a time."""
    chance = random.Random(seed)
    for number in range(first, first + count):
        yield (
            number, chance.randrange(10_000), chance.random() * 100, chance.choice(("°C", "bar", "lx")),
            f"measurement {chance.getrandbits(48):012x} of the day", chance.randbytes(16),
            f"2024-{number % 12 + 1:02d}-{number % 28 + 1:02d} {number % 24:02d}:00:00", 1,
        )


def make(path: Path, rows: int, tables: int = 1, index: bool = True) -> Path:
    """A file of one or several tables with an index beside the key each, `rows` in all; kept for the next benchmark."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN")
    for table in range(tables):
        name = "measurements" if tables == 1 else f"measurements_{table + 1}"
        connection.execute(MEASUREMENTS.format(name=name))
        connection.executemany(
            f"INSERT INTO {name} VALUES (?, ?, ?, ?, ?, ?, ?, ?)", measurements(1, rows // tables, table + 1))
        if index:
            connection.execute(f"CREATE INDEX {name}_device ON {name} (device)")
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path


def make_wide(path: Path, rows: int, columns: int = 60) -> Path:
    chance = random.Random(2)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    names = ", ".join(f"c{column} {'INTEGER' if column % 2 else 'TEXT'}" for column in range(columns))
    connection.execute(f"CREATE TABLE wide (id INTEGER PRIMARY KEY, {names})")
    connection.execute("BEGIN")
    connection.executemany(
        f"INSERT INTO wide VALUES (?{', ?' * columns})",
        (
            (number, *(chance.getrandbits(31) if column % 2 else f"{chance.getrandbits(32):08x}" for column in range(columns)))
            for number in range(1, rows + 1)
        ),
    )
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path


def make_blobs(path: Path, rows: int, size: int = 8_192) -> Path:
    chance = random.Random(3)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE blobs (id INTEGER PRIMARY KEY, name TEXT NOT NULL, content BLOB NOT NULL)")
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO blobs VALUES (?, ?, ?)",
        ((number, f"file {number}", chance.randbytes(size)) for number in range(1, rows + 1)))
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path
