"""The first copy, indexes included."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Dict, List

from suite.report import Figure, Report
from suite.tables import make, make_blobs, make_wide
from suite.workplace import Workplace

TYPES = {
    "measurements": "id bigint, device bigint NOT NULL, reading double precision, unit text, note text, raw bytea,"
    " taken_at timestamp, version bigint NOT NULL",
}


class Floor:
    """What the server needs at least: a ready binary file, and the indexes built after it."""

    def __init__(self, workplace: Workplace, source: Path) -> None:
        """Takes files and definitions from a database that changeover filled."""
        self.workplace = workplace
        self.folder = workplace.folder / f"floor-{source.stem}"
        self.folder.mkdir()
        with workplace.database() as url:
            workplace.changeover("sync --until-caught-up", workplace.copy(source, "floor.db"), url)
            with workplace.connect(url) as connection:
                self.tables = [
                    name for (name,) in connection.execute(
                        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
                        " ORDER BY 1")
                ]
                self.columns = {
                    table: connection.execute(
                        "SELECT string_agg(quote_ident(attname) || ' ' || format_type(atttypid, atttypmod) ||"
                        " CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END, ', ' ORDER BY attnum) FROM pg_attribute"
                        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped", [table]).fetchone()[0]
                    for table in self.tables
                }
                self.indexes = [
                    definition for (definition,) in connection.execute(
                        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname")
                ]
            for table in self.tables:
                workplace.time(self.psql(url, f"\\copy {table} to '{self.file(table)}' (format binary)"))

    def file(self, table: str) -> Path:
        return self.folder / f"{table}.bin"

    @staticmethod
    def psql(url: str, *commands: str) -> List[str]:
        arguments = ["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", url]
        for command in commands:
            arguments += ["-c", command]
        return arguments

    def run(self, url: str) -> float:
        commands = ["SET maintenance_work_mem = '256MB'"]
        commands += [f"CREATE TABLE {table} ({self.columns[table]})" for table in self.tables]
        commands += [f"\\copy {table} from '{self.file(table)}' (format binary)" for table in self.tables]
        commands += self.indexes + ["ANALYZE"]
        return self.workplace.time(self.psql(url, *commands)).seconds


def pgloader(workplace: Workplace, source: Path, url: str) -> float:
    return workplace.time(
        ["pgloader", "--with", "prefetch rows = 10000", f"sqlite://{source}", url.replace("postgresql:", "pgsql:")]).seconds


ADBC = """
import sys, adbc_driver_sqlite.dbapi as lite, adbc_driver_postgresql.dbapi as postgres
source, url, table, key = sys.argv[1:]
with lite.connect(source) as reader, postgres.connect(url) as writer:
    with reader.cursor() as rows, writer.cursor() as target:
        rows.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": "16384"})
        rows.execute(f"SELECT * FROM {table}")
        target.adbc_ingest(table, rows.fetch_record_batch(), mode="create")
        target.execute(f"ALTER TABLE {table} ADD PRIMARY KEY (id)")
        for statement in key.split(";"):
            if statement:
                target.execute(statement)
        target.execute("ANALYZE")
    writer.commit()
"""


def adbc(workplace: Workplace, source: Path, url: str, tables: List[str]) -> float:
    started = time.monotonic()
    for table in tables:
        index = f"CREATE INDEX ON {table} (device)" if table.startswith("measurements") else ""
        workplace.time([sys.executable, "-c", ADBC, str(source), url, table, index])
    return time.monotonic() - started


def run(workplace: Workplace, report: Report) -> None:
    install_pgloader()
    million = workplace.scaled(1_000_000)
    sources = [
        ("1 million rows × 8", make(workplace.folder / "million.db", million), workplace.rounds()),
        ("4 tables, 1 million rows in all", make(workplace.folder / "four.db", million, tables=4), workplace.rounds()),
        ("60 columns, 100 thousand rows", make_wide(workplace.folder / "wide.db", workplace.scaled(100_000)),
         workplace.rounds(3)),
        ("blobs of 8 KiB, 50 thousand rows", make_blobs(workplace.folder / "blobs.db", workplace.scaled(50_000)),
         workplace.rounds(3)),
    ]
    if workplace.options.full:
        sources.insert(1, ("10 million rows × 8", make(workplace.folder / "ten.db", million * 10), workplace.rounds(3)))
    rows, series = [], {}
    for name, source, rounds in sources:
        floor = Floor(workplace, source)
        subjects: Dict[str, Callable[[str], float]] = {
            "floor": floor.run,
            "changeover, 1 connection": lambda url: workplace.changeover(
                "sync --until-caught-up --jobs 1", workplace.copy(source, "copied.db"), url).seconds,
            "changeover, 2 connections": lambda url: workplace.changeover(
                "sync --until-caught-up --jobs 2", workplace.copy(source, "copied.db"), url).seconds,
            "ADBC": lambda url: adbc(workplace, source, url, floor.tables),
        }
        if shutil.which("pgloader"):
            subjects["pgloader"] = lambda url: pgloader(workplace, source, url)
        times: Dict[str, List[float]] = {subject: [] for subject in subjects}
        order = list(subjects)
        for number in range(rounds):
            for subject in order[number % len(order):] + order[:number % len(order)]:
                # A slow peer need not be slow five times.
                if subject == "pgloader" and number > 0:
                    continue
                with workplace.database() as url:
                    os.sync()
                    try:
                        times[subject].append(subjects[subject](url))
                    except RuntimeError as error:
                        if subject in ("ADBC", "pgloader"):
                            report.say(f"{name}: {subject} failed: {str(error)[-200:]!r}")
                        else:
                            raise
        figures = {subject: Figure(subject, "s", values) for subject, values in times.items() if values}
        base = figures["floor"].median
        for subject, figure in figures.items():
            rows.append([name, subject, figure, figure.median / base])
            series.setdefault(subject, {})[name] = figure
        ours = figures["changeover, 1 connection"].median
        report.goal(f"one connection against the floor: {name}", ours / base, ours / base <= 1.15, "≤ 1.15")
        if "4 tables" in name:
            two = figures["changeover, 2 connections"].median
            report.goal("two connections against the one-connection floor", two / base, two < base, "< 1")
        if "ADBC" in figures:
            peer = figures["ADBC"].median / ours
            report.goal(f"ahead of ADBC: {name}", peer, peer > 1, "> 1")
        if "pgloader" in figures:
            peer = figures["pgloader"].median / ours
            report.goal(f"ahead of pgloader: {name}", peer, peer >= 4, "≥ 4")
    report.say("Seconds from nothing to a table with its indexes and statistics; changeover's include reading the types,"
               " installing the triggers, and catching up. The floor is `psql \\copy` of a ready binary file.")
    report.table("copy", ["source", "subject", "seconds", "× floor"], rows)
    complete = {subject: groups for subject, groups in series.items() if len(groups) == len(sources)}
    report.bars("first copy", "s", complete)


def install_pgloader() -> None:
    if shutil.which("pgloader"):
        return
    print("    installing pgloader", flush=True)
    become = [] if os.geteuid() == 0 else ["sudo", "-n"]
    subprocess.run([*become, "apt-get", "-qq", "install", "--yes", "pgloader"], stdout=subprocess.DEVNULL, check=False)
