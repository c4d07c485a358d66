"""What the triggers add to an application's write, beside none and beside the usual row image as JSON."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Tuple

from suite.report import Figure, Report
from suite.workplace import Workplace, fold

LOADED = 20_000
IN_TRANSACTION = 1_000


class Table(NamedTuple):
    name: str
    sql: List[str]
    columns: List[str]
    row: Callable[[int], Tuple]
    where: str
    key: Callable[[int], Tuple]


def row(number: int) -> Tuple:
    return (number, f"customer {number % 997}", number * 0.5, number % 7, f"note {number:08d} of an ordinary length")


PLAIN = ["id", "customer", "amount", "state", "note"]
TABLES = [
    Table(
        "plain", ["CREATE TABLE t (id INTEGER PRIMARY KEY, customer TEXT, amount REAL, state INTEGER, note TEXT)"],
        PLAIN, row, "id = ?", lambda number: (number,)),
    Table(
        "two indexes",
        [
            "CREATE TABLE t (id INTEGER PRIMARY KEY, customer TEXT, amount REAL, state INTEGER, note TEXT)",
            "CREATE INDEX t_customer ON t (customer)", "CREATE INDEX t_note ON t (note)",
        ],
        PLAIN, row, "id = ?", lambda number: (number,)),
    Table(
        "UNIQUE column",
        ["CREATE TABLE t (id INTEGER PRIMARY KEY, customer TEXT, amount REAL, state INTEGER, note TEXT UNIQUE)"],
        PLAIN, row, "id = ?", lambda number: (number,)),
    Table(
        "composite text key",
        [
            "CREATE TABLE t (region TEXT NOT NULL, code TEXT NOT NULL, customer TEXT, amount REAL, state INTEGER,"
            " note TEXT, PRIMARY KEY (region, code))"
        ],
        ["region", "code", *PLAIN[1:]], lambda number: (f"region {number % 17}", f"code {number:08d}", *row(number)[1:]),
        "region = ? AND code = ?", lambda number: (f"region {number % 17}", f"code {number:08d}")),
]


def json_triggers(table: Table) -> List[str]:
    """Row images as JSON with a timestamp: how it is usually done."""

    def image(of: str) -> str:
        return "json_object(" + ", ".join(f"'{name}', {of}.{name}" for name in table.columns) + ")"

    now = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
    return [
        "CREATE TABLE change_log (id INTEGER PRIMARY KEY AUTOINCREMENT, tbl TEXT NOT NULL, op TEXT NOT NULL, before TEXT,"
        " after TEXT, at TEXT NOT NULL)",
        "CREATE TRIGGER log_insert AFTER INSERT ON t BEGIN INSERT INTO change_log (tbl, op, after, at)"
        f" VALUES ('t', 'I', {image('NEW')}, {now}); END",
        "CREATE TRIGGER log_update AFTER UPDATE ON t BEGIN INSERT INTO change_log (tbl, op, before, after, at)"
        f" VALUES ('t', 'U', {image('OLD')}, {image('NEW')}, {now}); END",
        "CREATE TRIGGER log_delete AFTER DELETE ON t BEGIN INSERT INTO change_log (tbl, op, before, at)"
        f" VALUES ('t', 'D', {image('OLD')}, {now}); END",
    ]


VARIANTS = ["no triggers", "changeover", "JSON images"]


def template(table: Table, variant: str, workplace: Workplace) -> Path:
    path = workplace.folder / f"{table.name} {variant}.db"
    connection = workplace.sqlite(path)
    connection.execute("PRAGMA journal_mode = WAL")
    for statement in table.sql:
        connection.execute(statement)
    connection.execute("BEGIN")
    connection.executemany(insert(table), (table.row(number) for number in range(LOADED)))
    connection.execute("COMMIT")
    if variant == "JSON images":
        for statement in json_triggers(table):
            connection.execute(statement)
    fold(connection)
    connection.close()
    if variant == "changeover":
        with workplace.database() as url:
            workplace.changeover("sync --until-caught-up", path, url)
        connection = workplace.sqlite(path)
        fold(connection)
        connection.close()
    return path


def insert(table: Table) -> str:
    return f"INSERT INTO t VALUES (?{', ?' * (len(table.columns) - 1)})"


def statements(table: Table, operation: str, count: int) -> Tuple[str, List[Tuple]]:
    if operation == "insert":
        return insert(table), [table.row(LOADED + number) for number in range(count)]
    # Scattered over the table, each row once.
    numbers = [number * 7_919 % LOADED for number in range(count)]
    if operation == "update":
        return f"UPDATE t SET amount = amount + 1, state = state + 1 WHERE {table.where}", [table.key(n) for n in numbers]
    return f"DELETE FROM t WHERE {table.where}", [table.key(number) for number in numbers]


def measure(connection: sqlite3.Connection, sql: str, rows: List[Tuple], transaction: int) -> float:
    """Microseconds a write."""
    started = time.perf_counter()
    if transaction == 1:
        for values in rows:
            connection.execute(sql, values)
    else:
        for first in range(0, len(rows), transaction):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(sql, rows[first:first + transaction])
            connection.execute("COMMIT")
    return (time.perf_counter() - started) / len(rows) * 1e6


def run(workplace: Workplace, report: Report) -> None:
    rounds = workplace.rounds()
    series: Dict[str, Dict[str, Figure]] = {variant: {} for variant in VARIANTS}
    rows = []
    shares: List[float] = []
    for table in TABLES:
        templates = {variant: template(table, variant, workplace) for variant in VARIANTS}
        for transaction, count in ((IN_TRANSACTION, 20_000), (1, 4_000)):
            count = workplace.scaled(count)
            for operation in ("insert", "update", "delete"):
                sql, values = statements(table, operation, count)
                times: Dict[str, List[float]] = {variant: [] for variant in VARIANTS}
                for number in range(rounds):
                    # Turn about, so that no variant always comes first.
                    for variant in VARIANTS[number % 3:] + VARIANTS[:number % 3]:
                        connection = workplace.sqlite(workplace.copy(templates[variant], "written.db"))
                        connection.execute("PRAGMA wal_autocheckpoint = 0")
                        # Not counted: reading the schema and the pages.
                        connection.execute("SELECT count(*), sum(length(note)) FROM t").fetchone()
                        times[variant].append(measure(connection, sql, values, transaction))
                        connection.close()
                figures = {variant: Figure(variant, "µs", times[variant]) for variant in VARIANTS}
                plain, ours, json = (figures[variant].median for variant in VARIANTS)
                share = (ours - plain) / (json - plain) if json > plain else float("nan")
                mode = "1,000 in a transaction" if transaction > 1 else "autocommit"
                if transaction > 1:
                    series_name = f"{table.name}, {operation}"
                    for variant in VARIANTS:
                        series[variant][series_name] = figures[variant]
                    shares.append(share)
                rows.append(
                    [table.name, mode, operation, *(figures[variant] for variant in VARIANTS), ours - plain, json - plain,
                     share, ours / plain])
                if transaction > 1:
                    report.goal(
                        f"added time against the JSON trigger: {table.name}, {operation}", share, share <= 0.25, "≤ 0.25")
                    if table.name == "two indexes":
                        report.goal(f"time against no trigger: {table.name}, {operation}", ours / plain,
                                    ours / plain <= 1.3, "≤ 1.3")
    report.say("Microseconds for one write, Python's sqlite3 included; `synchronous = NORMAL`, WAL.")
    report.table(
        "writes",
        ["table", "mode", "operation", *VARIANTS, "added, changeover", "added, JSON", "share of JSON's", "× no triggers"],
        rows)
    report.bars("time of one write, 1,000 in a transaction", "µs", series)
