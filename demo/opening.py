"""The shop on its opening day: its schema and its rows."""

from __future__ import annotations

import random
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Iterator, Tuple

SCHEMA = """
CREATE TABLE inventory (
  sku TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  on_hand INTEGER NOT NULL DEFAULT 0,
  weight_kg REAL NOT NULL,
  counted_at DATETIME
);
CREATE TABLE orders (
  id INTEGER PRIMARY KEY,
  order_number TEXT NOT NULL UNIQUE,
  customer TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'open',
  total_cents INTEGER NOT NULL DEFAULT 0,
  weight_kg REAL NOT NULL,
  tax_rate DECIMAL(4, 2) NOT NULL,
  paid BOOLEAN NOT NULL DEFAULT 0,
  created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX orders_by_customer ON orders (customer);
CREATE TABLE order_lines (
  order_id INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
  line_no INTEGER NOT NULL,
  sku TEXT NOT NULL REFERENCES inventory (sku),
  quantity INTEGER NOT NULL,
  price_cents INTEGER NOT NULL,
  PRIMARY KEY (order_id, line_no)
) WITHOUT ROWID;
CREATE TABLE inventory_transactions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  sku TEXT NOT NULL REFERENCES inventory (sku),
  delta INTEGER NOT NULL,
  reason TEXT,
  scan BLOB,
  at DATETIME NOT NULL
);
CREATE INDEX inventory_transactions_by_sku ON inventory_transactions (sku, at);
CREATE TABLE workflow_controls (
  name TEXT PRIMARY KEY,
  enabled BOOLEAN NOT NULL,
  changed_by TEXT,
  changed_at DATETIME
);
CREATE TABLE kpis (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  value REAL,
  measured_at DATETIME NOT NULL
);
CREATE TABLE events (
  at DATETIME NOT NULL,
  actor TEXT NOT NULL,
  number INTEGER NOT NULL,
  what TEXT
);
CREATE INDEX events_by_actor ON events (actor, number);
"""

ITEMS = 4_000
ORDERS = 20_000
MOVEMENTS = 40_000
EVENTS = 30_000
CONTROLS = 40
KPIS = 120

CUSTOMERS = ("Zoë Müller", "Søren Ångström", "Ada O'Neil", "李 娜", "José \"Pepe\" Núñez", "Olu Adébáyọ̀")
TAX_RATES = (0, 0.07, 0.19)
OPENED = datetime(2024, 1, 2, 8)


def sku(number: int) -> str:
    return f"SKU-{number:05d}"


def control(number: int) -> str:
    return f"control/{number:02d}"


def kpi(number: int) -> str:
    return f"kpi/{number:03d}"


def moment(number: int) -> str:
    return (OPENED + timedelta(seconds=97 * number)).isoformat(" ")


def items(chance: random.Random) -> Iterator[Tuple[Any, ...]]:
    for number in range(ITEMS):
        yield sku(number), f"Item {number}", chance.randrange(1000), chance.random() * 20, moment(number)


def orders(chance: random.Random) -> Iterator[Tuple[Any, ...]]:
    for number in range(1, ORDERS + 1):
        status, tax_rate = chance.choice(("open", "sent")), chance.choice(TAX_RATES)
        cents, weight = chance.randrange(500, 90_000), chance.random() * 9
        customer = chance.choice(CUSTOMERS)
        yield number, f"A-{number:06d}", customer, status, cents, weight, tax_rate, number % 2, moment(number)


def lines(chance: random.Random) -> Iterator[Tuple[Any, ...]]:
    for order in range(1, ORDERS + 1):
        for line in range(1, chance.randint(1, 5) + 1):
            yield order, line, sku(chance.randrange(ITEMS)), chance.randint(1, 9), chance.randrange(100, 9_900)


def movements(chance: random.Random) -> Iterator[Tuple[Any, ...]]:
    for number in range(MOVEMENTS):
        scan = chance.getrandbits(64).to_bytes(8, "big") if number % 3 else None
        yield sku(chance.randrange(ITEMS)), chance.randint(-5, 50), "delivery", scan, moment(number)


def fill(connection: sqlite3.Connection) -> None:
    chance = random.Random(1)
    connection.executemany("INSERT INTO inventory VALUES (?, ?, ?, ?, ?)", items(chance))
    connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", orders(chance))
    connection.executemany("INSERT INTO order_lines VALUES (?, ?, ?, ?, ?)", lines(chance))
    connection.executemany(
        "INSERT INTO inventory_transactions (sku, delta, reason, scan, at) VALUES (?, ?, ?, ?, ?)", movements(chance)
    )
    connection.executemany(
        "INSERT INTO workflow_controls (name, enabled) VALUES (?, ?)",
        ((control(number), number % 2) for number in range(CONTROLS)),
    )
    connection.executemany(
        "INSERT INTO kpis (name, value, measured_at) VALUES (?, ?, ?)",
        ((kpi(number), chance.random(), moment(number)) for number in range(KPIS)),
    )
    connection.executemany(
        "INSERT INTO events VALUES (?, 'import', ?, 'imported')",
        ((moment(number), number) for number in range(EVENTS)),
    )


def create(path: Path) -> None:
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(SCHEMA)
        fill(connection)
        connection.commit()
    finally:
        connection.close()
