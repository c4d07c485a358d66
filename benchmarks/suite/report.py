"""Figures, and how they are written down."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import statistics
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from suite.workplace import Workplace

RESULTS = Path(__file__).resolve().parent.parent / "results"


class Figure:
    """One thing measured several times."""

    def __init__(self, name: str, unit: str, values: Sequence[float]) -> None:
        self.name, self.unit, self.values = name, unit, list(values)

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def text(self) -> str:
        return f"{number(self.median)} ({number(min(self.values))}–{number(max(self.values))})"


class Report:
    """What a benchmark found: tables of medians with their spread, goals, and one plot."""

    def __init__(self, name: str, title: str, workplace: Workplace) -> None:
        self.name, self.title, self.workplace = name, title, workplace
        self.lines: List[str] = []
        self.data: Dict[str, Any] = {}
        self.goals: List[Dict[str, Any]] = []
        self.plot: Optional[Any] = None
        self.load = os.getloadavg()

    def say(self, text: str) -> None:
        self.lines += [text, ""]
        print(f"    {text}", flush=True)

    def table(self, name: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Figures appear as median and spread; in the JSON all their values."""
        shown = [[cell.text if isinstance(cell, Figure) else cell_text(cell) for cell in row] for row in rows]
        self.lines.append("| " + " | ".join(header) + " |")
        self.lines.append("| " + " | ".join("---" for _ in header) + " |")
        self.lines += ["| " + " | ".join(row) + " |" for row in shown] + [""]
        for row in shown:
            print("    " + "  ".join(f"{head}: {cell}" for head, cell in zip(header, row)), flush=True)
        self.data[name] = [
            {
                head: {"median": cell.median, "unit": cell.unit, "values": cell.values} if isinstance(cell, Figure) else cell
                for head, cell in zip(header, row)
            }
            for row in rows
        ]

    def goal(self, what: str, measured: float, is_met: bool, limit: str) -> None:
        self.goals.append({"goal": what, "limit": limit, "measured": measured, "met": is_met})
        print(f"    {'met   ' if is_met else 'MISSED'} {what}: {number(measured)}, goal {limit}", flush=True)

    def bars(self, title: str, unit: str, series: Dict[str, Dict[str, Figure]]) -> None:
        """A group of bars for each subject; the whiskers are the spread."""
        self.plot = ("bars", title, unit, series)

    def curve(self, title: str, x: str, unit: str, series: Dict[str, Dict[float, Figure]]) -> None:
        self.plot = ("curve", title, x, unit, series)

    def write(self) -> None:
        RESULTS.mkdir(exist_ok=True)
        machine = self.machine()
        head = [f"# {self.name}: {self.title}", ""]
        head += [f"- {key}: {value}" for key, value in machine.items()] + [""]
        goals = []
        if self.goals:
            goals = ["| goal | limit | measured | |", "| --- | --- | --- | --- |"]
            goals += [
                f"| {goal['goal']} | {goal['limit']} | {number(goal['measured'])} | {'met' if goal['met'] else '**missed**'} |"
                for goal in self.goals
            ] + [""]
        picture = []
        if self.plot:
            from suite.plot import draw

            draw(self.plot, RESULTS / f"{self.name}.svg")
            picture = [f"![{self.title}]({self.name}.svg)", ""]
        text = "\n".join(head + goals + self.lines + picture)
        (RESULTS / f"{self.name}.md").write_text(text.rstrip() + "\n")
        document = {"name": self.name, "title": self.title, "machine": machine, "goals": self.goals, "tables": self.data}
        (RESULTS / f"{self.name}.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")

    def machine(self) -> Dict[str, str]:
        with self.workplace.connect() as connection:
            server = connection.execute("SELECT current_setting('server_version')").fetchone()[0]
            settings = connection.execute(
                "SELECT string_agg(name || ' = ' || current_setting(name), ', ' ORDER BY name) FROM pg_settings"
                " WHERE name IN ('shared_buffers', 'fsync', 'synchronous_commit', 'max_wal_size')"
            ).fetchone()[0]
        version = subprocess.run([self.workplace.binary, "--version"], capture_output=True, text=True).stdout.strip()
        processor = next(
            (line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
            platform.machine(),
        )
        return {
            "when": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
            "machine": f"{os.cpu_count()} cores, {processor}, Linux {platform.release()}",
            "load before": " ".join(f"{value:.2f}" for value in self.load),
            "versions": f"changeover {version}, PostgreSQL {server}, SQLite {sqlite3.sqlite_version} (the writer's), "
            f"Python {platform.python_version()}",
            "server": settings,
            "command": "benchmarks/run " + " ".join(sys.argv[1:]),
        }


def number(value: float) -> str:
    if value != value:
        return "–"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}"


def cell_text(cell: Any) -> str:
    return number(cell) if isinstance(cell, (int, float)) and not isinstance(cell, bool) else str(cell)
