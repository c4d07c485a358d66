"""What the writers were told is safe, and what the stores must therefore hold.

A line is written after COMMIT returned. The rows that the shop was opened with, followed by every acknowledged write
in its order, are the rows that a store must hold: none lost, none twice, none from nowhere.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence, Tuple

Key = Tuple[Any, ...]
State = Dict[str, Dict[Key, List[Any]]]

# The office comes last: it alone takes away what another role wrote, and no key of it is used again.
REPLAY_ORDER = ("sales", "warehouse", "office")

# Per table the columns of the key and the columns that are acknowledged.
TABLES: Dict[str, Tuple[List[str], List[str]]] = {
    "orders": (
        ["order_number"],
        ["customer", "status", "total_cents", "weight_kg", "tax_rate", "paid", "created_at"],
    ),
    "order_lines": (["order_id", "line_no"], ["sku", "quantity", "price_cents"]),
    "inventory": (["sku"], ["on_hand", "counted_at"]),
    "inventory_transactions": (["id"], ["sku", "delta", "reason", "scan", "at"]),
    "workflow_controls": (["name"], ["enabled", "changed_by", "changed_at"]),
    "kpis": (["name"], ["value", "measured_at"]),
    "events": (["actor", "number"], ["at", "what"]),
}

# Text in SQLite and timestamps in PostgreSQL: compared as moments.
TIMES = ("at", "changed_at", "counted_at", "created_at", "measured_at")


def log_of(folder: Path, writer: str) -> Path:
    return folder / f"{writer}.acknowledged"


def summary_of(folder: Path, writer: str) -> Path:
    return folder / f"{writer}.summary"


def line(store: str, writes: Sequence[Any]) -> str:
    return json.dumps({"store": store, "writes": writes}) + "\n"


def read(folder: Path) -> Iterator[Dict[str, Any]]:
    for writer in REPLAY_ORDER:
        with open(log_of(folder, writer), encoding="utf-8") as log:
            yield from map(json.loads, log)


def count(folder: Path) -> int:
    """Transactions acknowledged so far."""
    logs = (log_of(folder, writer) for writer in REPLAY_ORDER)
    return sum(log.read_bytes().count(b"\n") for log in logs if log.exists())


def replay(state: State, folder: Path, store: str) -> None:
    """Brings a state forward by the writes that this store acknowledged."""
    for entry in read(folder):
        if entry["store"] != store:
            continue
        for table, key, row in entry["writes"]:
            if row is None:
                state[table].pop(tuple(key), None)
            else:
                state[table][tuple(key)] = meant(table, [row[column] for column in TABLES[table][1]])


def held_by_sqlite(path: Path) -> State:
    connection = sqlite3.connect(path, timeout=5)
    try:
        return {
            table: keyed(table, (list(map(plain, row)) for row in connection.execute(selection(table))))
            for table in TABLES
        }
    finally:
        connection.close()


def held_by_postgres() -> State:
    return {table: keyed(table, map(json.loads, query(as_json(table)))) for table in TABLES}


def differences(expected: State, held: State) -> List[str]:
    """Where a store does not hold exactly what it must, in a sentence a row."""
    found: List[str] = []
    for table, rows in expected.items():
        there = held[table]
        found += [f"{table} {key}: acknowledged, and not there" for key in rows if key not in there]
        found += [f"{table} {key}: there, and acknowledged by nobody" for key in there if key not in rows]
        found += [f"{table} {key}: not as acknowledged" for key in rows if key in there and rows[key] != there[key]]
    return found


def keyed(table: str, rows: Iterator[List[Any]]) -> Dict[Key, List[Any]]:
    width = len(TABLES[table][0])
    found: Dict[Key, List[Any]] = {}
    for row in rows:
        key = tuple(row[:width])
        if key in found:
            raise ValueError(f"{table} {key} is there twice")
        found[key] = meant(table, row[width:])
    return found


def meant(table: str, values: List[Any]) -> List[Any]:
    """The acknowledged columns as what they say; True is 1 to Python, as it is to the shop."""
    return [
        datetime.fromisoformat(value) if column in TIMES and value is not None else value
        for column, value in zip(TABLES[table][1], values)
    ]


def plain(value: Any) -> Any:
    return "\\x" + value.hex() if isinstance(value, bytes) else value


def selection(table: str) -> str:
    key, columns = TABLES[table]
    return f"SELECT {', '.join(key + columns)} FROM {table}"


def as_json(table: str) -> str:
    key, columns = TABLES[table]
    written = [f"to_char({name}, 'YYYY-MM-DD HH24:MI:SS.US')" if name in TIMES else name for name in key + columns]
    return f"SELECT json_build_array({', '.join(written)}) FROM {table}"


def native_columns() -> str:
    """How many columns PostgreSQL has of each type that SQLite has not."""
    found = query(
        "SELECT count(*) || ' ' || format_type(atttypid, NULL) FROM pg_attribute JOIN pg_class c ON c.oid = attrelid"
        " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped"
        " AND format_type(atttypid, NULL) IN ('boolean', 'numeric', 'timestamp without time zone')"
        " GROUP BY atttypid ORDER BY count(*) DESC, format_type(atttypid, NULL)"
    )
    return ", ".join(found)


def query(sql: str) -> List[str]:
    command = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", os.environ.get("DATABASE_URL", ""), "-c", sql]
    environment = {**os.environ, "PGCLIENTENCODING": "UTF8"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8", env=environment)
    return done.stdout.split("\n")[:-1]
