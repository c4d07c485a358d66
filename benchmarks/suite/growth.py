"""Time for a row and memory from ten thousand rows to ten million."""

from __future__ import annotations

from typing import Dict

from suite.report import Figure, Report
from suite.stream import backlog
from suite.tables import make
from suite.workplace import Workplace


def run(workplace: Workplace, report: Report) -> None:
    sizes = [10_000, 100_000, 1_000_000] + ([10_000_000] if workplace.options.full else [])
    if workplace.options.quick:
        sizes = sizes[:2]
    rows = []
    series: Dict[str, Dict[float, Figure]] = {"copy": {}, "drain and apply": {}, "verify": {}}
    # What a run costs before its first row is taken off, or the small sizes would tell of nothing else.
    with workplace.database() as url:
        empty = make(workplace.folder / "empty.db", 0)
        start = workplace.changeover("sync --until-caught-up", empty, url).seconds
        nothing = workplace.changeover("sync --until-caught-up", empty, url).seconds
        look = workplace.changeover("verify", empty, url).seconds
    for size in sizes:
        template = make(workplace.folder / f"{size}.db", size)
        copies, drains, verifies, memory = [], [], [], [0.0, 0.0, 0.0]
        for _ in range(workplace.rounds(1 if size >= 10_000_000 else 3)):
            with workplace.database() as url:
                source = workplace.copy(template, "growth.db")
                runs = [workplace.changeover("sync --until-caught-up", source, url)]
                backlog(workplace, source, size, size)
                runs.append(workplace.changeover("sync --until-caught-up", source, url))
                runs.append(workplace.changeover("verify", source, url))
            for values, run_, base in zip((copies, drains, verifies), runs, (start, nothing, look)):
                values.append(max(run_.seconds - base, 0) / size * 1e6)
            memory = [max(known, run_.mebibytes) for known, run_ in zip(memory, runs)]
        template.unlink()
        figures = [Figure(name, "µs a row", values) for name, values in zip(series, (copies, drains, verifies))]
        for figure in figures:
            series[figure.name][size] = figure
        rows.append([f"{size:,}", *(cell for pair in zip(figures, memory) for cell in pair)])
    for name, points in series.items():
        medians = [figure.median for size, figure in points.items() if size >= 100_000] or [1.0]
        ratio = max(medians) / min(medians)
        report.goal(f"{name}: slowest size against the fastest, from 100 thousand rows", ratio, ratio <= 1.2, "≤ 1.2")
    report.say(f"Microseconds a row; what a run over an empty table takes is taken off (copy {start:.2f} s, drain"
               f" {nothing:.2f} s, verify {look:.2f} s).")
    report.table("growth", ["rows", "copy", "MiB", "drain and apply", "MiB ", "verify", "MiB  "], rows)
    report.curve("time for a row", "rows", "µs", series)
