"""What a sync costs that has nothing to do, and its memory when it has."""

from __future__ import annotations

import os
import time
from pathlib import Path

from suite.report import Figure, Report
from suite.stream import backlog
from suite.tables import make
from suite.workplace import Workplace, peak


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(workplace: Workplace, report: Report) -> None:
    template = make(workplace.folder / "million.db", workplace.scaled(1_000_000))
    changes = workplace.scaled(10_000_000 if workplace.options.full else 1_000_000)
    with workplace.database() as url:
        source = workplace.copy(template, "idle.db")
        copied = workplace.changeover("sync --until-caught-up", source, url)
        shares = []
        with workplace.syncing(source, url) as process:
            for _ in range(workplace.rounds()):
                time.sleep(1)
                before, started = processor_seconds(process.pid), time.monotonic()
                time.sleep(10)
                shares.append((processor_seconds(process.pid) - before) / (time.monotonic() - started) * 100)
            connection = workplace.sqlite(source)
            started, number = time.monotonic(), 0
            while time.monotonic() - started < 5:
                connection.execute("UPDATE measurements SET version = version + 1 WHERE id = ?", (number % 100_000 + 1,))
                number += 1
            connection.close()
            streaming = peak(process.pid)
        backlog(workplace, source, changes, min(changes, workplace.scaled(1_000_000)))
        drained = workplace.changeover("sync --until-caught-up", source, url)
    idle = Figure("idle", "% of a core", shares)
    report.goal("processor time of an idle sync, % of a core", idle.median, idle.median <= 0.2, "≤ 0.2")
    for what, mebibytes in (
        ("first copy", copied.mebibytes), ("streaming", streaming), (f"backlog of {changes:,} changes", drained.mebibytes)
    ):
        report.goal(f"peak memory, {what}, MiB", mebibytes, mebibytes <= 64, "≤ 64")
    report.table("idle", ["idle sync, % of a core", "copy, MiB", "streaming, MiB", "backlog, MiB"],
                 [[idle, copied.mebibytes, streaming, drained.mebibytes]])
