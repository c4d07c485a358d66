"""The longest gap between two successful writes, in either store, at a cutover and at a rollback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, List

from suite.report import Figure, Report
from suite.tables import MEASUREMENTS, measurements
from suite.visible import percentile
from suite.workplace import Workplace

RATE = 500


def run(workplace: Workplace, report: Report) -> None:
    sizes = [10_000, 1_000_000] + ([10_000_000] if workplace.options.full else [])
    if workplace.options.quick:
        sizes = sizes[:1]
    switches = 100 if workplace.options.full else max(4, workplace.rounds() * 4)
    rows, series = [], {"cutover": {}, "rollback": {}}
    for size in sizes:
        gaps = there_and_back(workplace, size, switches)
        own = gaps.pop("own")
        for direction, values in gaps.items():
            figure = Figure(direction, "ms", values)
            series[direction][f"{size:,} rows"] = figure
            tail = percentile(values, 0.99)
            rows.append([f"{size:,}", direction, len(values), figure, tail, percentile(own, 0.5)])
            report.goal(f"{direction}, {size:,} rows: median gap, ms", figure.median, figure.median <= 30, "≤ 30")
            report.goal(f"{direction}, {size:,} rows: p99 gap, ms", tail, tail <= 100, "≤ 100")
    report.say(f"Milliseconds between two acknowledged writes of a writer at {RATE} transactions a second, the longest around"
               " each switch; the writer learns the new place from a file that `--on-switch` writes.")
    report.table("pause", ["rows", "switch", "times", "median gap", "p99 gap", "gap without a switch, median"], rows)
    report.bars("longest gap between two writes", "ms", series)


def there_and_back(workplace: Workplace, size: int, switches: int) -> Dict[str, List[float]]:
    source = workplace.folder / f"pause-{size}.db"
    connection = workplace.sqlite(source)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE written (id INTEGER PRIMARY KEY, body TEXT)")
    connection.execute(MEASUREMENTS.format(name="measurements"))
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO measurements VALUES (?, ?, ?, ?, ?, ?, ?, ?)", measurements(1, size))
    connection.execute("COMMIT")
    connection.close()
    where, log = workplace.folder / "where", workplace.folder / "writes.log"
    where.write_text("sqlite")
    gaps: Dict[str, List[float]] = {"cutover": [], "rollback": [], "own": []}
    with workplace.database() as url, workplace.syncing(source, url):
        writer = subprocess.Popen(
            [sys.executable, "-m", "suite.pause_writer", str(source), url, str(where), str(log), str(RATE)],
            cwd=Path(__file__).resolve().parent.parent)
        try:
            time.sleep(1)
            for number in range(switches):
                direction, place = (("cutover", "postgres"), ("rollback", "sqlite"))[number % 2]
                begun = time.monotonic()
                more = ["--no-backup", "--verified-within", "0"] if direction == "cutover" else []
                workplace.changeover(
                    f"{direction} --execute", source, url, "--on-switch", hook(workplace, where, place), *more)
                ended = time.monotonic()
                time.sleep(0.5)
                gaps[direction].append(longest(log, begun, ended + 0.3))
                own = time.monotonic()
                time.sleep(0.5)
                gaps["own"].append(longest(log, own, own + 0.5))
                workplace.await_caught_up(source, url, behind=RATE // 10)
        finally:
            writer.send_signal(signal.SIGTERM)
            writer.wait(timeout=30)
    return gaps


def hook(workplace: Workplace, where: Path, place: str) -> str:
    """A program that points the writer to its new place in one step."""
    path = workplace.folder / f"to-{place}.sh"
    path.write_text(f"#!/bin/sh\nprintf {place} > '{where}.new' && mv '{where}.new' '{where}'\n")
    os.chmod(path, 0o755)
    return str(path)


def longest(log: Path, begun: float, ended: float) -> float:
    times = [float(line) for line in log.read_text().split("\n")[:-1]]
    times = [moment for moment in times if begun - 0.1 <= moment <= ended]
    return max((after - before for before, after in zip(times, times[1:])), default=float("nan")) * 1e3
