#!/usr/bin/env python3
"""Moves tables made at random through assess, schema, copy and stream, and compares what arrived value by value.

    scripts/with-postgres python3 Tests/Support/random_schema.py BINARY [--first N] [--seeds N]

Every seed is a table; ten of them share a SQLite file and a database. CHANGEOVER_RANDOM_SEED=N runs one table alone. A
row must be on the target with the same meaning or in the quarantine, and never in both. Shares no code with changeover.
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Dict, List, Optional, Set

from compared_stores import Target, quoted
from compared_values import EPOCH, MICROSECOND, BIGINT, Field, SourceValue, Text, same, show
from random_tables import RandomTable

UNIX = datetime.datetime(1970, 1, 1)
TABLES_IN_A_FILE = 10
# A run's files are moved with one of these.
TYPES = ("native", "native", "strict", "storage")
SHORT_NAMES = {
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
    "time without time zone": "time",
    "citext": "text",
    "character varying": "varchar",
}
# What a command may end with when it refuses a table; anything else is a defect.
REFUSALS = (65, 78)


@dataclass
class Outcome:
    failures: List[str] = field(default_factory=list)
    moved: int = 0
    refused: List[str] = field(default_factory=list)
    not_made: int = 0
    rows: int = 0
    quarantined: int = 0

    def add(self, other: Outcome) -> None:
        self.failures += other.failures
        self.refused += other.refused
        self.moved += other.moved
        self.not_made += other.not_made
        self.rows += other.rows
        self.quarantined += other.quarantined


class Run:
    """Some seeds' tables in one SQLite file, and a database of their own."""

    def __init__(self, binary: str, seeds: List[int], directory: Path) -> None:
        self.binary, self.directory = binary, directory
        self.source = directory / "random.db"
        self.database = f"random_{os.getpid()}_{seeds[0]}"
        self.server = os.environ["DATABASE_URL"].rpartition("/")[0]
        self.environment = {**os.environ, "DATABASE_URL": self.url(self.database), "SWIFT_BACKTRACE": "enable=no"}
        self.types = TYPES[(seeds[0] - 1) // TABLES_IN_A_FILE % len(TYPES)]
        self.tables = {seed: RandomTable(seed) for seed in seeds}
        self.outcome = Outcome()
        # What assess says: its verdict, and every table's types.
        self.go = False
        self.assessed: Dict[str, List[str]] = {}

    def url(self, database: str) -> str:
        return f"{self.server}/{database}"

    def run(self) -> Outcome:
        try:
            self.create()
            self.recreate_database()
            self.steps()
        except Exception:
            self.fail(traceback.format_exc())
        finally:
            self.psql("postgres", f'DROP DATABASE IF EXISTS "{self.database}" WITH (FORCE)')
        self.outcome.moved = len(self.tables)
        return self.outcome

    def steps(self) -> None:
        if not self.assess() or not self.schema() or not self.sync_first():
            return
        connection = self.connect()
        for table in self.tables.values():
            connection.execute("BEGIN")
            table.change(connection)
            if connection.in_transaction:
                connection.execute("COMMIT")
        connection.close()
        synced = self.changeover("sync", "--until-caught-up")
        if synced.returncode != 0:
            self.fail(f"sync after the changes: {ending(synced)}")
            return
        self.compare()

    def create(self) -> None:
        connection = self.connect()
        connection.execute("PRAGMA journal_mode = WAL")
        for seed, table in list(self.tables.items()):
            if table.create(connection):
                connection.execute("BEGIN")
                table.fill(connection)
                if connection.in_transaction:
                    connection.execute("COMMIT")
            else:
                self.outcome.not_made += 1
                del self.tables[seed]
        connection.close()

    def assess(self) -> bool:
        assessed = self.changeover("assess", "--json", "--types", self.types)
        try:
            report = json.loads(assessed.stdout)
            self.go = report["go"]
            self.assessed = {
                table["name"]: [column["target_type"] for column in table["columns"]] for table in report["tables"]
            }
        except ValueError as error:
            return self.fail(f"assess: {ending(assessed)}: {error}")
        return assessed.returncode in (0, 1) or self.fail(f"assess: {ending(assessed)}")

    def schema(self) -> bool:
        """The printed DDL is taken by the server."""
        printed = self.changeover("schema", "--target-schema", "drafted", "--types", self.types)
        if printed.returncode in REFUSALS:
            return True
        if printed.returncode != 0:
            return self.fail(f"schema: {ending(printed)}")
        script = b"CREATE SCHEMA IF NOT EXISTS drafted;\n" + printed.stdout
        taken = self.psql(self.database, script)
        self.psql(self.database, "DROP SCHEMA drafted CASCADE")
        if taken.returncode != 0:
            self.fail(f"the server does not take the printed schema: {ending(taken)}")
        return True

    def sync_first(self) -> bool:
        """The first sync, without the tables that it refuses."""
        copy = self.directory / "copy.db"
        shutil.copy(self.source, copy)
        while self.tables:
            synced = self.changeover("sync", "--until-caught-up", "--types", self.types)
            said = synced.stderr.decode("utf-8", "replace")
            if synced.returncode == 0:
                for table in self.tables.values():
                    table.replaces = f"a REPLACE that displaces a row of '{table.name}'" not in said
                return True
            named = [seed for seed, table in self.tables.items() if f"'{table.name}'" in last_error(said)]
            if synced.returncode not in REFUSALS or not named:
                return self.fail(f"first sync: {ending(synced)}")
            if self.go:
                self.fail(f"assess says GO, and sync refuses: {ending(synced)}")
            seed = max(named, key=lambda seed: len(self.tables[seed].name))
            self.outcome.refused.append(f"seed {seed}: {last_error(said)}")
            for leftover in self.directory.glob("random.db*"):
                shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
            shutil.copy(copy, self.source)
            connection = self.connect()
            for other, table in self.tables.items():
                if other == seed or other not in self.tables:
                    connection.execute(f"DROP TABLE {quoted(table.name)}")
            connection.close()
            shutil.copy(self.source, copy)
            del self.tables[seed]
            self.recreate_database()
        return False

    def compare(self) -> None:
        listed = self.changeover("quarantine", "list", "--json", "--show-values")
        if listed.returncode != 0:
            self.fail(f"quarantine list: {ending(listed)}")
            return
        quarantined: Dict[str, Set[int]] = {table.tag: set() for table in self.tables.values()}
        for line in listed.stdout.decode("utf-8").split("\n"):
            for item in json.loads(line)["values"] if line else ():
                if item["column"] in quarantined:
                    quarantined[item["column"]].add(item["value"])
                    self.outcome.quarantined += 1
        target = Target(self.url(self.database), "public")
        connection = self.connect()
        connection.text_factory = Text
        try:
            target.pin()
            for table in self.tables.values():
                self.compare_table(table, connection, target, quarantined[table.tag])
        finally:
            target.close()
            connection.close()

    def compare_table(
        self, table: RandomTable, connection: sqlite3.Connection, target: Target, quarantined: Set[int]
    ) -> None:
        listed = connection.execute(f"PRAGMA table_xinfo({quoted(table.name)})")
        described = listed.fetchall()
        columns = [row[1].decode() for row in described]
        key = [at for at, row in enumerate(described) if row[5]]
        names = ", ".join(map(quoted, columns))
        place = columns.index(table.tag)
        rows = {row[place]: row for row in connection.execute(f"SELECT {names} FROM {quoted(table.name)}")}
        self.outcome.rows += len(rows)
        found = [name for name, described in target.columns.items() if table.tag in described]
        if len(found) != 1:
            self.fail(f"seed {table.seed}: {len(found)} tables on the target have its columns")
            return
        types = list(target.columns[found[0]].values())
        # Without the target at hand, assess cannot know of citext.
        assessed = [kind.split("(")[0] for kind in self.assessed.get(table.name, [])]
        if assessed != [SHORT_NAMES.get(kind, kind) for kind in types[: len(columns)]]:
            self.fail(f"seed {table.seed}: assess says {', '.join(assessed)}, and sync makes {', '.join(types)}")
        seen: Dict[int, List[Field]] = {}
        for fields in target.rows(found[0], list(target.columns[found[0]])):
            tag = int.from_bytes(fields[place], "big")
            if tag in seen or tag not in rows:
                self.fail(f"seed {table.seed}: extra row on the target, tag {tag}")
            seen[tag] = fields
        # Rows whose keys hold NULL are as many as SQLite likes under one key, and the quarantine has one entry for it.
        null_keys = {tuple(row[at] for at in key) for tag, row in rows.items() if tag in quarantined}
        null_keys = {values for values in null_keys if None in values}
        for tag, row in rows.items():
            if tag not in seen and tuple(row[at] for at in key) in null_keys:
                continue
            if tag in seen and tag in quarantined:
                self.fail(f"seed {table.seed}: row {tag} is on the target and in the quarantine")
            if tag not in seen and tag not in quarantined:
                self.fail(f"seed {table.seed}: row {tag} is nowhere: {', '.join(map(show, row))}")
            for name, value, kind, there in zip(columns, row, types, seen.get(tag, ())):
                if name == "generated" and there is not None and alike(value, there):
                    continue
                if not means(value, kind, there):
                    became = "NULL" if there is None else there.hex() if kind != "text" else repr(there)
                    self.fail(f"seed {table.seed}: row {tag}, column {name!r}: {show(value)} became {kind} {became}")
        for tag in quarantined - set(rows):
            self.fail(f"seed {table.seed}: row {tag} is in the quarantine and not in SQLite")

    def fail(self, what: str) -> bool:
        self.outcome.failures.append(f"seeds {min(self.tables, default='-')}…{max(self.tables, default='-')}: {what}")
        return False

    def connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.source, isolation_level=None, timeout=30)

    def changeover(self, *arguments: str) -> subprocess.CompletedProcess:
        command = [self.binary, *arguments, "--source", str(self.source)]
        return subprocess.run(command, env=self.environment, capture_output=True, timeout=100, check=False)

    def psql(self, database: str, script: object) -> subprocess.CompletedProcess:
        text = script.encode() if isinstance(script, str) else script
        command = ["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", self.url(database)]
        return subprocess.run(command, env=self.environment, input=text, capture_output=True, timeout=100, check=False)

    def recreate_database(self) -> None:
        self.psql("postgres", f'DROP DATABASE IF EXISTS "{self.database}" WITH (FORCE)')
        self.psql("postgres", f'CREATE DATABASE "{self.database}"').check_returncode()


def last_error(said: str) -> str:
    return said[max(said.rfind("changeover: error:"), 0) :].strip()


def ending(process: subprocess.CompletedProcess) -> str:
    return f"exit {process.returncode}: {last_error(process.stderr.decode('utf-8', 'replace'))[-600:]}"


def means(value: SourceValue, kind: str, seen: Field) -> bool:
    """Whether a target's field says what the source's value says."""
    if seen is None or value is None:
        return seen is None and value is None
    if kind.startswith("timestamp") and type(value) is Text:
        moment = instant(value)
        return moment is not None and BIGINT.pack(moment) == seen
    if same(value, kind, seen):
        return True
    if kind.startswith("timestamp") and type(value) is float and 1.7e6 < value < 5.4e6:
        # A Julian day in a double is no more exact than this.
        exact = (Fraction(value) - Fraction(2440587.5)) * 86_400_000_000 - (EPOCH - UNIX) // MICROSECOND
        return abs(BIGINT.unpack(seen)[0] - exact) <= math.ulp(value) * 86_400_000_000
    if kind.startswith("timestamp") and type(value) in (int, float):
        # A number that came later is of its column's unit, whatever its size.
        units = (1, 1_000, 1_000_000)
        since = BIGINT.unpack(seen)[0] + (EPOCH - UNIX) // MICROSECOND
        day = (Fraction(value) - Fraction(2440587.5)) * 86_400_000_000
        return any(abs(moment - since) <= 1 for moment in (day, *(Fraction(value) * unit for unit in units)))
    if kind == "citext" or kind == "character varying":
        return same(value, "text", seen)
    return False


def alike(value: SourceValue, seen: bytes) -> bool:
    """A generated column's text of a number, whose last digits depend on the version of SQLite."""
    try:
        return type(value) is Text and math.isclose(float(value.strip(b"!")), float(seen.strip(b"!")), rel_tol=1e-12)
    except ValueError:
        return False


def instant(value: Text) -> Optional[int]:
    """A text's microseconds since 2000 in UTC, as SQLite takes it; the year may be one before the first."""
    try:
        found = datetime.datetime.fromisoformat(value.decode().strip().replace("Z", "+00:00"))
    except ValueError:
        return None
    return (found.replace(tzinfo=None) - EPOCH - (found.utcoffset() or 0 * MICROSECOND)) // MICROSECOND


def run_seeds(binary: str, seeds: List[int]) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="changeover-random.") as directory:
        return Run(binary, seeds, Path(directory)).run()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--parallel", type=int, default=2)
    arguments = parser.parse_args()
    alone = os.environ.get("CHANGEOVER_RANDOM_SEED")
    seeds = [int(alone)] if alone else list(range(arguments.first, arguments.first + arguments.seeds))
    groups: Dict[int, List[int]] = {}
    for seed in seeds:
        groups.setdefault((seed - 1) // TABLES_IN_A_FILE, []).append(seed)
    total = Outcome()
    with ThreadPoolExecutor(arguments.parallel) as pool:
        for outcome in pool.map(lambda group: run_seeds(arguments.binary, group), groups.values()):
            total.add(outcome)
            for failure in outcome.failures:
                print(failure, flush=True)
    print(
        f"seeds {seeds[0]} to {seeds[-1]}: {total.moved} tables moved with {total.rows} rows,"
        f" {total.quarantined} of them in the quarantine; {len(total.refused)} tables refused,"
        f" {total.not_made} not made; {len(total.failures)} failures"
    )
    for refusal in total.refused:
        print(f"refused, {refusal}")
    return 1 if total.failures else 0


if __name__ == "__main__":
    sys.exit(main())
