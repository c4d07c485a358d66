#!/usr/bin/env python3
"""Moves a busy shop from SQLite to PostgreSQL in front of your eyes, and proves that nothing was lost.

    demo.py BINARY      with DATABASE_URL naming an empty PostgreSQL database
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Dict, List, Optional

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
# Behind our own folder: both have a writer.py.
sys.path.append(str(HERE.parent / "Tests" / "Support"))

import acknowledgements  # noqa: E402
import opening  # noqa: E402
from children import Children, DemoFailure  # noqa: E402
from compare import Comparison, ComparisonError  # noqa: E402
from narration import command, failure, figure, good, heading, heard, say  # noqa: E402
from stores import Moved, SQLiteStore  # noqa: E402
from writer import CONFIGURATION, ROLES  # noqa: E402

SHOP = "shop.db"
HOOK = "on-switch.sh"
CALLED = "on-switch.called"
# The demo does what the hook asks for, and the hook comes back when it is done, or when the demo is gone.
HOOK_SCRIPT = f"""\
touch {CALLED}
until [ -e {CONFIGURATION} ] || [ ! -e {CALLED} ]; do sleep 0.002; done
"""


class Demo:
    def __init__(self, binary: Path, folder: Path, cleanup: ExitStack) -> None:
        self.binary, self.folder, self.cleanup = binary, folder, cleanup
        self.file = folder / SHOP
        self.children = Children(folder)
        cleanup.callback(self.children.stop_all)

    def run(self) -> None:
        self.open_shop()
        self.start_writers()
        self.copy()
        self.follow()
        self.rehearse()
        self.switch()
        self.live_in_postgres()
        self.try_late_writer()
        self.stop_writers()
        self.prove_switch()
        self.prove_acknowledged()

    def open_shop(self) -> None:
        heading(1, "A shop that lives in SQLite")
        opening.create(self.file)
        self.state = acknowledgements.held_by_sqlite(self.file)
        rows = sum(len(table) for table in self.state.values())
        say(
            "Orders and their lines, stock, stock movements, workflow switches, KPIs, and an event log without a"
            " primary key; foreign keys, UNIQUE columns, times as text, booleans as 0 and 1: an ordinary application."
        )
        figure(f"{rows:,} rows in {len(self.state)} tables, {self.file.stat().st_size / 1e6:.0f} MB")

    def start_writers(self) -> None:
        heading(2, "Open for business")
        for role in ROLES:
            arguments = [str(HERE / "shop.py"), "write", role, SHOP, str(self.folder)]
            self.children.start(role, [sys.executable, *arguments])
        say(
            "Three processes write to it and will not stop until the end of this demo: sales take orders, the"
            " warehouse moves stock (upserts, INSERT OR REPLACE), the office flips switches and cancels orders."
            " Each notes every transaction that the database acknowledged."
        )
        self.children.watch(0.5)
        self.show_rate(1.5)

    def copy(self) -> None:
        heading(3, "changeover sync: the first copy")
        say("Triggers go in, then every table is copied while the shop goes on. Nobody has to wait.")
        self.start_sync()
        started, before = time.monotonic(), self.acknowledged()
        self.wait_for_streaming(started + 60)
        seconds = time.monotonic() - started
        figure(f"{self.rows_copied():,} rows are in PostgreSQL after {seconds:.1f} s")
        figure(f"{self.acknowledged() - before:,} transactions of the shop went through meanwhile")
        figure("native types, because every value fits: " + acknowledgements.native_columns())

    def start_sync(self) -> None:
        arguments = ["sync", "--source", SHOP]
        command(" ".join(["changeover", *arguments, "&"]))
        self.children.start("sync", [str(self.binary), *arguments])

    def wait_for_streaming(self, deadline: float) -> None:
        reported: Optional[str] = None
        while time.monotonic() < deadline:
            self.children.watch(0.2)
            self.children.show_news("sync", limit=6)
            lag = self.lag()
            state = lag["state"] if lag else "starting"
            if state == "streaming":
                return
            if state != reported:
                figure(f"state: {state}; the shop has made {self.acknowledged():,} transactions")
                reported = state
        raise DemoFailure(f"the first copy did not end in time\n{self.children.said('sync')}")

    def follow(self) -> None:
        heading(4, "changeover lag: PostgreSQL follows")
        say("From now on every committed change travels on, a moment later, as one PostgreSQL transaction a group.")
        command(f"changeover lag --source {SHOP} --json")
        for _ in range(4):
            self.children.watch(0.7)
            lag = self.lag()
            if lag is None:
                raise DemoFailure("changeover lag said nothing")
            figure(described(lag))
        self.show_rate(1)

    def rehearse(self) -> None:
        heading(5, "changeover cutover: a rehearsal")
        say("Without --execute it only checks whether the switch could be made now, and changes nothing.")
        (self.folder / HOOK).write_text(HOOK_SCRIPT)
        arguments = self.cutover_arguments()
        command(shown(arguments))
        done = self.changeover(arguments)
        heard(done.stdout or done.stderr)
        if done.returncode != 0:
            raise DemoFailure(f"NO-GO: cutover ended with {done.returncode}\n{done.stderr}")
        good("GO")

    def switch(self) -> None:
        heading(6, "changeover cutover --execute: the switch")
        say(
            "Writers wait while the last changes are drained; then SQLite is fenced and PostgreSQL is opened. The"
            " --on-switch hook is ours: it keeps a snapshot of both stores as they stand at this moment, for the"
            " proof below, and then flips the shop's configuration. The writers wait for that too. Left alone, sync would"
            " now keep SQLite in step, for changeover rollback; we stop it, so that the old file stays as the proof wants it."
        )
        self.children.stop("sync")
        arguments = [*self.cutover_arguments(), "--execute", "--json"]
        command(shown(arguments))
        self.snapshot = Comparison(self.file, os.environ["DATABASE_URL"])
        self.cleanup.callback(self.snapshot.close)
        self.children.start("cutover", [str(self.binary), *arguments])
        # It makes a backup and compares both stores before.
        self.answer_hook(time.monotonic() + 120)
        status = self.children.wait("cutover", 30)
        self.show_switch(status)

    def answer_hook(self, deadline: float) -> None:
        """Pins both stores when the hook asks, then points the shop to PostgreSQL."""
        cutover = self.children.processes["cutover"]
        while not (self.folder / CALLED).exists():
            if cutover.poll() is not None:
                return
            if time.monotonic() > deadline:
                raise DemoFailure(f"the switch hook was not called\n{self.children.said('cutover')}")
            time.sleep(0.001)
        self.snapshot.pin()
        (self.folder / CONFIGURATION).touch()

    def show_switch(self, status: int) -> None:
        try:
            report = json.loads(self.children.output("cutover").read_text().splitlines()[-1])
        except (IndexError, ValueError):
            raise DemoFailure(f"cutover ended with {status}\n{self.children.said('cutover')}") from None
        for checkpoint in report["checkpoints"]:
            mark = "✓" if checkpoint["ok"] else "✗"
            heard(f"{mark} {checkpoint['name']:<28} {milliseconds(checkpoint['ms']):>10}  {checkpoint['detail'] or ''}")
        if status != 0 or not report["switched"]:
            raise DemoFailure(f"cutover ended with {status}, not switched\n{self.children.said('cutover')}")
        figure(f"pause_ms {report['pause_ms']}: so long writers waited, none got an error")
        figure(f"refused_ms {report['refused_ms']}: so long SQLite refused writes until our hook had flipped the shop")

    def live_in_postgres(self) -> None:
        heading(7, "Business as usual, in PostgreSQL")
        say("The same three processes go on with the same transactions. Sequences carry on, nothing collides.")
        self.children.watch(0.5)
        self.show_rate(2.5)

    def try_late_writer(self) -> None:
        say("And a forgotten job that still writes to the old file? It is told so, and nothing is lost in silence:")
        store = SQLiteStore(self.file)
        statement = "INSERT INTO events (at, actor, number) VALUES ('2024-01-01', 'late', 1)"
        command(f'sqlite3 {SHOP} "{statement}"')
        try:
            store.execute(statement)
        except Moved as refusal:
            heard(f"Error: {refusal}")
        else:
            raise DemoFailure("the old file took a write after the switch")
        finally:
            store.close()

    def stop_writers(self) -> None:
        self.children.check()
        self.children.stop(*ROLES)
        for role in ROLES:
            path = acknowledgements.summary_of(self.folder, role)
            if not path.exists():
                raise DemoFailure(f"{role} did not end well\n{self.children.said(role)}")
            summary = json.loads(path.read_text())
            if summary["first_postgres"] is None:
                raise DemoFailure(f"{role} never wrote to PostgreSQL")
            gap = (summary["first_postgres"] - summary["last_sqlite"]) * 1000
            figure(
                f"{role}: {gap:.0f} ms between its last commit in SQLite and its first in PostgreSQL;"
                f" its slowest transaction in SQLite took {summary['slowest_ms']:.0f} ms"
            )

    def prove_switch(self) -> None:
        heading(8, "The proof, row by row")
        say(
            "Every value of every row of the SQLite file, as it was fenced, against PostgreSQL as it stood when the"
            " switch hook ran: numbers, texts and bytes bit by bit, times, booleans and decimals by what they say."
            " Tests/Support/compare.py does that and shares no code with changeover."
        )
        report = self.snapshot.run()
        if report.differences:
            raise DemoFailure("the stores differ at the switch:\n" + "\n".join(map(str, report.differences[:20])))
        good(f"equal: {report.tables} tables, {report.rows:,} rows")

    def prove_acknowledged(self) -> None:
        heading(9, "The proof, write by write")
        say(
            "The rows that the shop opened with, plus every write that a database ever acknowledged to a writer, must"
            " be what that database holds now: none lost, none twice, none from nowhere."
        )
        counts = {"sqlite": 0, "postgres": 0}
        for entry in acknowledgements.read(self.folder):
            counts[entry["store"]] += 1
        self.prove_held("sqlite", acknowledgements.held_by_sqlite(self.file))
        good(f"SQLite holds exactly the {counts['sqlite']:,} transactions that it acknowledged before the switch")
        self.prove_held("postgres", acknowledgements.held_by_postgres())
        good(f"PostgreSQL holds exactly these and the {counts['postgres']:,} that it acknowledged after the switch")

    def prove_held(self, store: str, held: acknowledgements.State) -> None:
        acknowledgements.replay(self.state, self.folder, store)
        found = acknowledgements.differences(self.state, held)
        if found:
            raise DemoFailure(f"{len(found)} acknowledged rows differ in {store}:\n" + "\n".join(found[:20]))

    def cutover_arguments(self) -> List[str]:
        return ["cutover", "--source", SHOP, "--on-switch", f"sh {HOOK}"]

    def changeover(self, arguments: List[str]) -> subprocess.CompletedProcess:
        return subprocess.run(
            [str(self.binary), *arguments],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=30,
        )

    def lag(self) -> Optional[Dict[str, Any]]:
        """The lag that changeover reports; None while there is nothing to report yet."""
        try:
            return json.loads(self.changeover(["lag", "--source", SHOP, "--json"]).stdout)
        except ValueError:
            return None

    def acknowledged(self) -> int:
        return acknowledgements.count(self.folder)

    def show_rate(self, seconds: float) -> None:
        started, before = time.monotonic(), self.acknowledged()
        self.children.watch(seconds)
        rate = (self.acknowledged() - before) / (time.monotonic() - started)
        figure(f"{rate:,.0f} transactions a second")

    def rows_copied(self) -> int:
        return sum(int(acknowledgements.query(f"SELECT count(*) FROM {table}")[0]) for table in self.state)


def shown(arguments: List[str]) -> str:
    return "changeover " + " ".join(f"'{part}'" if " " in part else part for part in arguments)


def milliseconds(value: Optional[float]) -> str:
    return "" if value is None else f"{value:.1f} ms"


def described(lag: Dict[str, Any]) -> str:
    seconds = lag["seconds"]
    bound = "≤ " if lag["seconds_is_upper_bound"] else ""
    age = "unknown seconds" if seconds is None else f"{bound}{seconds:.3f} s"
    applied, newest = counted(lag["applied_sequence"]), counted(lag["source_sequence"])
    return f"{lag['state']}: applied {applied} of {newest} changes; behind by {counted(lag['changes'])}, {age}"


def counted(number: Optional[int]) -> str:
    return "unknown" if number is None else f"{number:,}"


def end(signal_number: int, _: object) -> None:
    ignore_signals()
    raise SystemExit(128 + signal_number)


def ignore_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", metavar="BINARY", type=Path, help="the changeover program")
    binary = parser.parse_args().binary.resolve()
    if "DATABASE_URL" not in os.environ:
        failure("DATABASE_URL is not set; make demo brings a PostgreSQL of its own")
        return 64
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    with ExitStack() as cleanup:
        folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="changeover-demo-")))
        demo = Demo(binary, folder, cleanup)
        cleanup.callback(ignore_signals)
        try:
            demo.run()
        except (DemoFailure, ComparisonError, subprocess.SubprocessError, OSError, ValueError) as error:
            failure(str(error))
            return 1
        except SystemExit:
            failure("interrupted")
            raise
    print("\nequal", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
