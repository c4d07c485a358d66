"""From a commit in SQLite to the row seen in PostgreSQL."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Dict, List

from suite.report import Figure, Report
from suite.workplace import Workplace

RATES = [1, 50, 500, 5_000]


def percentile(values: List[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Watcher(threading.Thread):
    """Notes when each number is first seen; a row a millisecond at the rates that are measured."""

    def __init__(self, workplace: Workplace, url: str, last: int) -> None:
        super().__init__()
        self.connection = workplace.connect(url)
        self.last, self.seen = last, {}
        self.is_done = False

    def run(self) -> None:
        known = 0
        query = "SELECT coalesce(max(id), 0) FROM events"
        while known < self.last and not self.is_done:
            (number,) = self.connection.execute(query, prepare=True).fetchone()
            now = time.monotonic()
            for each in range(known + 1, number + 1):
                self.seen[each] = now
            known = max(known, number)
            time.sleep(0.0005)
        self.connection.close()


def commit_baseline(workplace: Workplace, url: str, count: int) -> List[float]:
    """Milliseconds for one INSERT over libpq with its commit."""
    times = []
    with workplace.connect(url) as connection:
        connection.execute("CREATE TABLE baseline (id bigint PRIMARY KEY, body text)")
        for number in range(count):
            started = time.monotonic()
            connection.execute("INSERT INTO baseline VALUES (%s, %s)", [number, "an event"], prepare=True)
            times.append((time.monotonic() - started) * 1e3)
        connection.execute("DROP TABLE baseline")
    return times


def run(workplace: Workplace, report: Report) -> None:
    rows, series = [], {"p50": {}, "p99": {}}
    base: List[float] = []
    for rate in RATES:
        medians: List[float] = []
        tails: List[float] = []
        for _ in range(workplace.rounds(3)):
            with workplace.database() as url:
                base.append(percentile(commit_baseline(workplace, url, 200), 0.5))
                times = measure(workplace, url, rate)
                medians.append(percentile(times, 0.5))
                tails.append(percentile(times, 0.99))
        middle, tail = Figure("p50", "ms", medians), Figure("p99", "ms", tails)
        rows.append([f"{rate:,}", middle, tail])
        series["p50"][rate], series["p99"][rate] = middle, tail
    baseline = Figure("INSERT and commit", "ms", base)
    for rate, (_, middle, tail) in zip(RATES, rows):
        if rate <= 500:
            report.goal(f"p50 at {rate:,} commits/s, × an INSERT's commit", middle.median / baseline.median,
                        middle.median / baseline.median <= 10, "≤ 10")
            report.goal(f"p99 at {rate:,} commits/s, ms", tail.median, tail.median <= 25, "≤ 25")
    report.say(f"Milliseconds from the return of COMMIT in SQLite until a second connection to PostgreSQL sees the row"
               f" (it looks every half millisecond). One INSERT with its commit over libpq: {baseline.text} ms.")
    report.table("visible", ["commits/s", "p50", "p99"], rows)
    report.curve("commit to visible", "commits/s", "ms", series)


def measure(workplace: Workplace, url: str, rate: int) -> List[float]:
    count = max(10, min(rate * 5, 20_000))
    if workplace.options.quick:
        count = max(10, count // 10)
    source = workplace.folder / "events.db"
    for suffix in ("", "-wal", "-shm"):
        Path(str(source) + suffix).unlink(missing_ok=True)
    import shutil

    shutil.rmtree(str(source) + ".changeover", ignore_errors=True)
    connection = workplace.sqlite(source)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, body TEXT)")
    committed: Dict[int, float] = {}
    with workplace.syncing(source, url):
        watcher = Watcher(workplace, url, count)
        watcher.start()
        try:
            started = time.monotonic()
            for number in range(1, count + 1):
                wait = started + number / rate - time.monotonic()
                if wait > 0:
                    time.sleep(wait)
                connection.execute("INSERT INTO events VALUES (?, 'an event')", (number,))
                committed[number] = time.monotonic()
            watcher.join(timeout=60)
        finally:
            watcher.is_done = True
            watcher.join()
    connection.close()
    missing = count - len(watcher.seen)
    if missing:
        raise RuntimeError(f"{missing} rows were not seen within a minute")
    return [(watcher.seen[number] - committed[number]) * 1e3 for number in committed]
