"""Runs the benchmarks that are named, or all."""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
from pathlib import Path

NAMES = {
    "writes": "what the triggers add to an application's write",
    "copy": "the first copy against the server's floor, pgloader and ADBC",
    "stream": "a backlog of a million changes, and the rate at which lag stays flat",
    "visible": "from a commit in SQLite to the row seen in PostgreSQL",
    "verify": "comparing both stores, and what it does to the lag",
    "pause": "the longest gap that a writer sees at a cutover and a rollback",
    "idle": "what a sync costs that has nothing to do, and its memory when it has",
    "journal": "encoding and decoding of batches, and their size against JSON",
    "growth": "time for a row and memory from ten thousand rows to ten million",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks/run", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--rounds", type=int, default=5, help="rounds, of which the median counts (5)")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, to see that everything runs")
    parser.add_argument("--full", action="store_true", help="the largest sizes too (ten million rows)")
    parser.add_argument("--list", action="store_true", help="say what there is to measure")
    options = parser.parse_args()
    if options.list:
        for name, what in NAMES.items():
            print(f"{name:10} {what}")
        return
    for name in options.names:
        if name not in NAMES:
            parser.error(f"no benchmark is called {name!r}; there are {', '.join(NAMES)}")

    from suite.report import Report
    from suite.workplace import Workplace

    failures = []
    for name in options.names or NAMES:
        with tempfile.TemporaryDirectory(prefix="changeover-benchmark-") as folder:
            workplace = Workplace(Path(folder), options)
            report = Report(name, NAMES[name], workplace)
            print(f"==> {name}: {NAMES[name]}", flush=True)
            try:
                importlib.import_module(f"suite.{name}").run(workplace, report)
            except Exception as error:  # One that cannot run must not hide the others.
                failures.append(name)
                print(f"    {name} failed: {error!r}", file=sys.stderr, flush=True)
                if options.names:
                    raise
                continue
            report.write()
    if failures:
        sys.exit(f"failed: {', '.join(failures)}")


main()
