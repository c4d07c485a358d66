"""A backlog of changes, and the rate at which the lag stays flat."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Dict, List, Tuple

from suite.report import Figure, Report
from suite.tables import make
from suite.workplace import Workplace, fold

RATES = [5_000, 10_000, 20_000, 40_000, 80_000, 160_000]
SECONDS = 4


def backlog(workplace: Workplace, path: Path, changes: int, keys: int) -> None:
    """Updates each of `keys` rows as often as it takes, 1,000 a transaction, with the triggers logging."""
    connection = workplace.sqlite(path)
    connection.execute("PRAGMA cache_size = -200000")
    for first in range(0, changes, 1_000):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "UPDATE measurements SET version = version + 1, reading = reading + 1 WHERE id = ?",
            (((number * 7_919) % keys + 1,) for number in range(first, first + 1_000)))
        connection.execute("COMMIT")
    fold(connection)
    connection.close()


def reading(workplace: Workplace, source: Path) -> float:
    """Seconds that SQLite takes to find the distinct keys of all changes."""
    connection = workplace.sqlite(source)
    started = time.monotonic()
    connection.execute("SELECT count(*) FROM (SELECT DISTINCT tbl, k0 FROM _changeover_change)").fetchone()
    seconds = time.monotonic() - started
    connection.close()
    return seconds


def floor(workplace: Workplace, url: str, keys: int, file: Path) -> float:
    """The same final rows from a ready file: what the server itself needs for the upserts."""
    with workplace.connect(url) as connection:
        connection.execute("SET changeover.apply = 'on'")
        columns = [
            name for (name,) in connection.execute(
                "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = 'measurements'::regclass AND attnum > 0"
                " AND NOT attisdropped ORDER BY attnum")
        ]
        # Rows that differ from those there, as the changed ones do.
        connection.execute("UPDATE measurements SET version = version - 1 WHERE id <= %s", [keys])
    names = ", ".join(columns)
    sets = ", ".join(f"{column} = EXCLUDED.{column}" for column in columns)
    return workplace.time([
        "psql", "-qAtX", "-v", "ON_ERROR_STOP=1", url, "-c", "SET changeover.apply = 'on'", "-c", "BEGIN",
        "-c", "CREATE TEMPORARY TABLE staging (LIKE measurements) ON COMMIT DROP",
        "-c", f"\\copy staging from '{file}' (format binary)",
        "-c", f"INSERT INTO measurements ({names}) SELECT {names} FROM staging ON CONFLICT (id) DO UPDATE SET {sets}",
        "-c", "COMMIT",
    ]).seconds


def run(workplace: Workplace, report: Report) -> None:
    drain(workplace, report)
    sustain(workplace, report)


def drain(workplace: Workplace, report: Report) -> None:
    changes = workplace.scaled(1_000_000)
    template = make(workplace.folder / "million.db", changes)
    rows, series = [], {"floor": {}, "changeover": {}}
    for keys in (changes, changes // 10, changes // 1_000):
        with workplace.database() as url:
            source = workplace.copy(template, "stream.db")
            workplace.changeover("sync --until-caught-up", source, url)
            file = workplace.folder / "floor.bin"
            times: Dict[str, List[float]] = {"floor": [], "reading": [], "changeover": []}
            for number in range(workplace.rounds()):
                backlog(workplace, source, changes, keys)
                times["reading"].append(reading(workplace, source))
                with workplace.connect(url) as connection:
                    connection.execute("CHECKPOINT")
                times["changeover"].append(workplace.changeover("sync --until-caught-up", source, url).seconds)
                workplace.time([
                    "psql", "-qAtX", url, "-c",
                    f"\\copy (SELECT * FROM measurements WHERE id <= {keys}) to '{file}' (format binary)"])
                with workplace.connect(url) as connection:
                    connection.execute("VACUUM ANALYZE measurements")
                    connection.execute("CHECKPOINT")
                times["floor"].append(floor(workplace, url, keys, file))
                with workplace.connect(url) as connection:
                    connection.execute("VACUUM ANALYZE measurements")
        figures = {subject: Figure(subject, "s", values) for subject, values in times.items()}
        ours, base = figures["changeover"].median, figures["floor"].median
        name = f"{keys:,} keys"
        both = base + figures["reading"].median
        rows.append(
            [name, figures["floor"], figures["reading"], figures["changeover"], changes / ours, base / ours, both / ours])
        for subject in series:
            series[subject][name] = figures[subject]
        report.goal(f"backlog over {name}, share of the floor's speed", base / ours, base / ours >= 0.8, "≥ 0.8")
        if keys * 1_000 == changes:
            report.goal(f"changes/s over {name}", changes / ours, changes / ours >= 1_000_000, "≥ 1,000,000")
    report.say(f"Seconds for a backlog of {changes:,} changes, start of the process included; the floor upserts the same"
               " final rows from a ready binary file, and reads no change table: that alone, the distinct keys counted by SQLite, is"
               " the second column.")
    report.table(
        "backlog", ["distinct keys", "floor", "reading the log", "changeover", "changes/s", "share of the floor",
                    "share of floor and reading"], rows)
    report.bars(f"a backlog of {changes:,} changes", "s", series)


def sustain(workplace: Workplace, report: Report) -> None:
    """Raises the writer's rate until the lag grows."""
    template = make(workplace.folder / "steady.db", workplace.scaled(100_000))
    rows: List[List] = []
    best = 0.0
    with workplace.database() as url:
        source = workplace.copy(template, "steady-copy.db")
        with workplace.syncing(source, url) as process:
            for rate in RATES:
                written, behind = write_at(workplace, source, url, rate)
                seconds = workplace.await_caught_up(source, url, process)
                is_flat = behind < max(rate, 1) * 0.5
                rows.append([f"{rate:,}", written, behind, seconds, "yes" if is_flat else "no"])
                if is_flat:
                    best = max(best, written)
                if not is_flat or written < rate * 0.8:
                    break
    report.say("Changes a second in transactions of 100 over 100 thousand keys, for some seconds each, and what was not"
               " yet applied at their end (flat: less than half a second's changes).")
    report.table("sustained", ["asked for", "changes/s written", "behind at the end", "s to catch up", "flat"], rows)
    report.say(f"The highest rate with a flat lag: {best:,.0f} changes/s.")


def write_at(workplace: Workplace, source: Path, url: str, rate: int) -> Tuple[float, int]:
    connection = workplace.sqlite(source)
    (count,) = connection.execute("SELECT max(id) FROM measurements").fetchone()
    started = time.monotonic()
    written = 0
    while time.monotonic() - started < SECONDS:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "UPDATE measurements SET version = version + 1 WHERE id = ?",
            (((number * 7_919) % count + 1,) for number in range(written, written + 100)))
        connection.execute("COMMIT")
        written += 100
        ahead = written / rate - (time.monotonic() - started)
        if ahead > 0:
            time.sleep(ahead)
    elapsed = time.monotonic() - started
    connection.close()
    return written / elapsed, workplace.report("lag", source, url).get("changes") or 0
