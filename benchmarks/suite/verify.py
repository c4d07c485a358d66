"""Comparing both stores: rows a second, growth, and what it does to the lag of the sync beside it."""

from __future__ import annotations

import datetime
import random
import sqlite3
import subprocess
import threading
import time
from pathlib import Path
from typing import Dict, List, Tuple

from suite.report import Figure, Report
from suite.tables import make as make_measurements
from suite.visible import percentile
from suite.workplace import Workplace

# Each value is converted there and back to prove it.
CONVERTED = ["--type=orders.created=timestamp", "--type=orders.active=boolean"]
DECIMAL = [*CONVERTED, "--type=orders.price=numeric(12,2)"]
KINDS: Dict[str, List[str]] = {"as stored": [], "timestamp and boolean": CONVERTED, "and numeric": DECIMAL}
RATE = 300
SECONDS = 15


def make(path: Path, rows: int) -> Path:
    chance = random.Random(1)
    start = datetime.datetime(2020, 1, 1)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL, name TEXT NOT NULL, weight REAL,"
        " active INTEGER NOT NULL, price TEXT, created TEXT NOT NULL, token BLOB)")
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                number, chance.randrange(1_000_000), f"name {chance.randrange(1_000_000)}", chance.random() * 1_000,
                number & 1, None if number % 7 == 0 else f"{chance.randrange(100_000)}.{chance.randrange(100):02}",
                (start + datetime.timedelta(seconds=number)).isoformat(" "), chance.randbytes(16),
            )
            for number in range(1, rows + 1)
        ),
    )
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path


def run(workplace: Workplace, report: Report) -> None:
    speed(workplace, report)
    lag(workplace, report)


def speed(workplace: Workplace, report: Report) -> None:
    sizes = [10_000, 100_000, 1_000_000] + ([10_000_000] if workplace.options.full else [])
    if workplace.options.quick:
        sizes = sizes[:2]
    rows: List[List] = []
    series: Dict[str, Dict[float, Figure]] = {}
    ends: Dict[str, List[float]] = {}
    for kind, types in KINDS.items():
        start, _ = measure(workplace, kind, types, 0)
        for size in sizes:
            if size > 1_000_000 and types:
                continue
            seconds, memory = measure(workplace, kind, types, size)
            rate = Figure("own", "ns", [max(each - start.median, 0) / size * 1e9 for each in seconds.values])
            rows.append([kind, f"{size:,}", seconds, size / seconds.median, rate, memory])
            if size in (100_000, sizes[-1]):
                ends.setdefault(kind, []).append(rate.median)
            series.setdefault(kind, {})[size] = Figure(kind, "rows/s", [size / each for each in seconds.values])
            if size == 1_000_000:
                rate = size / seconds.median
                report.goal(f"rows/s of a million rows, {kind}", rate, rate >= 1_000_000, "≥ 1,000,000")
    for kind, (first, *others) in ends.items():
        for last in others:
            report.goal(f"time for a row at {sizes[-1]:,} rows against 100,000, {kind}", last / first, last / first <= 1.2,
                        "≤ 1.2")
    report.say("One `changeover verify` of one table of eight columns with nothing else running, start of the process and"
               " the snapshots included; in the time for a row what a verify of the empty table takes is taken off."
               " Converted values are also converted back, each of them.")
    report.table("speed", ["values", "rows", "seconds", "rows/s", "ns a row", "peak MiB"], rows)
    report.curve("rows compared in a second", "rows", "rows/s", series)


def measure(workplace: Workplace, kind: str, types: List[str], size: int) -> Tuple[Figure, float]:
    """Seconds for a table of so many rows, and the peak of memory."""
    with workplace.database() as url:
        source = make(workplace.folder / f"verify-{kind}-{size}.db".replace(" ", "-"), size)
        workplace.changeover("sync --until-caught-up", source, url, *types)
        with workplace.connect(url) as connection:
            connection.execute("VACUUM ANALYZE orders")
        runs = [workplace.changeover("verify", source, url) for _ in range(workplace.rounds())]
        source.unlink()
    return Figure("verify", "s", [each.seconds for each in runs]), max(each.mebibytes for each in runs)


def lag(workplace: Workplace, report: Report) -> None:
    """Samples the lag beside a steady writer, with and without verifies one after the other."""
    source = make_measurements(workplace.folder / "lag.db", workplace.scaled(200_000))
    with workplace.database() as url, workplace.syncing(source, url):
        is_over = threading.Event()
        writer = threading.Thread(target=write, args=(workplace, source, is_over))
        writer.start()
        alone: List[float] = []
        beside: List[float] = []
        verifies = 0
        try:
            time.sleep(1)
            for _ in range(workplace.rounds(3)):
                alone += sample(workplace, source, url)
                process = Verifies(workplace, source, url)
                process.start()
                beside += sample(workplace, source, url)
                verifies += process.finish()
        finally:
            is_over.set()
            writer.join()
    report.say(f"Lag in milliseconds as `changeover lag` tells it, beside a writer of {RATE} transactions a second, without"
               f" and with verifies of all tables one after the other ({verifies} of them, all equal).")
    report.table(
        "lag", ["", "median", "p95", "worst"],
        [[name, percentile(values, 0.5), percentile(values, 0.95), max(values)]
         for name, values in (("alone", alone), ("beside verify", beside))])


def write(workplace: Workplace, source: Path, is_over: threading.Event) -> None:
    connection = workplace.sqlite(source)
    started, number = time.monotonic(), 0
    while not is_over.is_set():
        connection.execute("UPDATE measurements SET version = version + 1 WHERE id = ?", (number * 7_919 % 200_000 + 1,))
        number += 1
        ahead = started + number / RATE - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
    connection.close()


def sample(workplace: Workplace, source: Path, url: str) -> List[float]:
    values = []
    end = time.monotonic() + (3 if workplace.options.quick else SECONDS)
    while time.monotonic() < end:
        seconds = workplace.report("lag", source, url).get("seconds")
        values.append((seconds if seconds is not None else float("inf")) * 1e3)
        time.sleep(0.1)
    return values


class Verifies(threading.Thread):
    """One after the other until it is told to finish."""

    def __init__(self, workplace: Workplace, source: Path, url: str) -> None:
        super().__init__()
        self.command = workplace.arguments("verify", source, url)
        self.is_over = threading.Event()
        self.statuses: List[int] = []

    def run(self) -> None:
        while not self.is_over.is_set():
            done = subprocess.run(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            self.statuses.append(done.returncode)

    def finish(self) -> int:
        self.is_over.set()
        self.join()
        if any(self.statuses):
            raise RuntimeError(f"a verify ended with {self.statuses}")
        return len(self.statuses)
