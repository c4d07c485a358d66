#!/usr/bin/env python3
"""Cuts the connection to PostgreSQL at every step of a first copy, or of a stream, and compares what arrived.

    scripts/with-postgres python3 Tests/Support/cut_sweep.py BINARY copy|steps|stream|large [--every N] [--seed N]

`copy` makes a first copy for every message of the protocol (or every Nth), each cut there and a few times later; what
the cut leaves is taken up by the next run. `steps` cuts first copies at the steps that matter most. `stream` cuts one
sync under a writer again and again, at the steps of applying above all; `large` does so while a group goes through
staging tables. Exit code 0: nothing was lost, and each cut that was to be made was.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import itertools
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Tuple

from cutting_proxy import DIRECTIONS, TO_CLIENT, TO_SERVER, Cut, Proxy

SUPPORT = Path(__file__).resolve().parent
# What a sync may end with that lost its server before it streamed, or while the server still ends the session of the
# sync before.
UNREACHABLE, TRY_AGAIN = 69, 75
SHARES = (0, 0.5, 1)
# Steps of applying a group and of a copy's segment at which a stream must have been cut.
STREAM_STEPS = [
    (TO_SERVER, "Parse BEGIN"), (TO_SERVER, "Parse COMMIT"), (TO_SERVER, "Bind"), (TO_SERVER, "Execute"),
    (TO_SERVER, "Sync"), (TO_CLIENT, "CommandComplete BEGIN"), (TO_CLIENT, "CommandComplete COMMIT"),
    (TO_CLIENT, "ReadyForQuery"), (TO_CLIENT, "DataRow"), (TO_CLIENT, "BindComplete"),
]
# Of a group that goes through staging tables.
LARGE_STEPS = [
    (TO_SERVER, "Query CREATE"), (TO_SERVER, "CopyData"), (TO_CLIENT, "CommandComplete COPY"),
    (TO_SERVER, "Query COMMIT"), (TO_CLIENT, "CommandComplete COMMIT"),
]
COPY_STEPS = [
    (TO_SERVER, "Query COPY"), (TO_SERVER, "CopyData"), (TO_SERVER, "CopyDone"), (TO_CLIENT, "CopyInResponse"),
    (TO_CLIENT, "CommandComplete COPY"), (TO_SERVER, "Query COMMIT"), (TO_CLIENT, "CommandComplete COMMIT"),
]


class Failed(Exception):
    pass


class World:
    """A SQLite file, a database, and a proxy before its server; gone at the end."""

    def __init__(self, binary: str, seed: int) -> None:
        self.binary, self.dice = binary, random.Random(seed)
        self.directory = Path(tempfile.mkdtemp(prefix="changeover-cuts."))
        self.source = self.directory / "app.db"
        self.server, _, _ = os.environ["DATABASE_URL"].rpartition("/")
        host, _, port = self.server.rpartition("@")[2].partition(":")
        self.proxy = Proxy(host, int(port))
        self.database = f"cuts_{os.getpid()}_{seed}"
        user = self.server.partition("://")[2].partition("@")[0]
        target = f"postgresql://{user}@127.0.0.1:{self.proxy.port}/{self.database}"
        self.environment = {**os.environ, "DATABASE_URL": target, "SWIFT_BACKTRACE": "enable=no"}
        self.cuts = 0

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        self.psql("postgres", f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)")
        self.proxy.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def begin(self, rows: int) -> None:
        """The application's file and an empty database, without a trace of what was before."""
        for leftover in self.directory.glob("app.db*"):
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        self.python("scenario_writer.py", "create", str(self.source), "--rows", str(rows))
        self.psql("postgres", f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)")
        self.psql("postgres", f"CREATE DATABASE {self.database}")

    def psql(self, database: str, statement: str) -> str:
        command = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", f"{self.server}/{database}", "-c", statement]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()

    def python(self, script: str, *arguments: str) -> subprocess.CompletedProcess:
        command = [sys.executable, str(SUPPORT / script), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            raise Failed(f"{script} {arguments[0]}: {done.stdout}{done.stderr}")
        return done

    def write(self, transactions: int, seed: int) -> None:
        self.python("scenario_writer.py", "write", str(self.source), "--transactions", str(transactions), "--rate", "9999",
                    "--seed", str(seed))

    def sync(self, *arguments: str) -> subprocess.CompletedProcess:
        command = [self.binary, "sync", "--source", str(self.source), *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=100, check=False)

    def expect_equal(self, what: str) -> None:
        try:
            self.python("compare.py", str(self.source), "--dsn", f"{self.server}/{self.database}")
        except Failed as failure:
            raise Failed(f"{what}: {failure}") from failure
        if self.psql(self.database, "SELECT count(*) FROM changeover.quarantine") != "0":
            raise Failed(f"{what}: rows are in the quarantine")

    # First copies

    def trace_of_copy(self) -> Dict[str, List[str]]:
        """The messages of a first copy that nothing cuts, by direction."""
        self.begin(rows=40)
        self.proxy.arm([])
        self.proxy.trace.clear()
        done = self.sync("--until-caught-up", "--jobs", "1")
        if done.returncode != 0:
            raise Failed(f"without any cut: {done.stderr}")
        return {wanted: [label for direction, label in self.proxy.trace if direction == wanted] for wanted in DIRECTIONS}

    def copy(self, cuts: List[Cut]) -> None:
        """A first copy with these cuts, run again until one of its runs comes through, with writes in between."""
        self.begin(rows=40)
        self.proxy.arm(cuts)
        ends = []
        for attempt in range(len(cuts) + 12):
            done = self.sync("--until-caught-up", "--jobs", str(1 + attempt % 2))
            ends.append(done.returncode)
            if done.returncode == 0:
                break
            if done.returncode not in (UNREACHABLE, TRY_AGAIN):
                raise Failed(f"{cuts}: exit {done.returncode}: {done.stderr}")
            if done.returncode == TRY_AGAIN:
                time.sleep(0.1)
            self.write(5, attempt)
        else:
            raise Failed(f"{cuts}: never came through: {ends}: {done.stderr}")
        self.proxy.arm([])
        self.write(5, 99)
        if self.sync("--until-caught-up").returncode != 0:
            raise Failed(f"{cuts}: the sync after it: {done.stderr}")
        self.expect_equal(str(cuts))

    def sweep_copies(self, every: int) -> None:
        trace = self.trace_of_copy()
        steps = [(direction, number) for direction in DIRECTIONS for number in range(1, len(trace[direction]) + 1)]
        for step in steps[self.dice.randrange(every) :: every]:
            cuts = [Cut(*step, share=self.dice.choice(SHARES), all=self.dice.random() < 0.3)]
            # And somewhere on the way back from there.
            for _ in range(3):
                distance = self.dice.randint(1, len(trace[TO_CLIENT]) // 2)
                cuts.append(Cut(self.dice.choice(DIRECTIONS), distance, self.dice.choice(SHARES)))
            self.copy(cuts)

    def named_copies(self) -> None:
        """The steps that matter most, whichever message they are."""
        for direction, label in COPY_STEPS:
            for share in SHARES[:2]:
                number = self.dice.randint(1, 4)
                self.copy([Cut(direction, number, share, label), Cut(direction, number + 1, share, label)])
        self.require(COPY_STEPS)

    # A stream

    def stream(self, count: int) -> None:
        with self.streaming() as wait:
            command = [sys.executable, str(SUPPORT / "scenario_writer.py"), "write", str(self.source), "--rate", "200"]
            writer = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            try:
                cuts = [Cut(step[0], self.dice.randint(1, 3), share, step[1]) for step in STREAM_STEPS for share in SHARES]
                cuts += [
                    Cut(self.dice.choice(DIRECTIONS), number, self.dice.choice(SHARES), all=self.dice.random() < 0.3)
                    for number in range(4, 4 + count)
                ]
                self.dice.shuffle(cuts)
                self.proxy.arm(cuts)
                wait("every cut was made", lambda: self.proxy.is_spent, seconds=240)
            finally:
                writer.terminate()
                writer.wait(30)
        self.require(STREAM_STEPS)

    def stream_large_groups(self) -> None:
        """A group of more entries than go in one round trip, cut at each of its steps."""
        with self.streaming() as wait:
            for round, (step, share) in enumerate(itertools.product(LARGE_STEPS, SHARES)):
                self.proxy.arm([Cut(step[0], 1, share, step[1], all=round % 2 == 0)])
                connection = sqlite3.connect(self.source, timeout=30)
                connection.execute("UPDATE event SET at = at + 1, kind = ? WHERE rowid % 7 <> ?", (f"r{round}", round % 7))
                connection.execute("UPDATE slot SET place = -place WHERE id % 2 = ?", (round % 2,))
                connection.commit()
                connection.close()
                wait(f"the cut at {step} was made", lambda: self.proxy.is_spent)
        self.require(LARGE_STEPS)

    @contextlib.contextmanager
    def streaming(self) -> Iterator[Callable[..., None]]:
        """A sync that streams, in the end caught up, equal, and stopped in good order; lends what waits for a condition."""
        self.begin(rows=200)
        connection = sqlite3.connect(self.source)
        connection.executemany("INSERT INTO event VALUES ('bulk', NULL, ?)", ((float(at),) for at in range(6_000)))
        connection.commit()
        connection.close()
        log = self.directory / "sync.log"
        with open(log, "wb") as output:
            command = [self.binary, "sync", "--source", str(self.source)]
            sync = subprocess.Popen(command, env=self.environment, stdout=output, stderr=output)
        def wait(what: str, condition: Callable[[], bool], seconds: float = 60) -> None:
            deadline = time.monotonic() + seconds
            while not condition():
                if sync.poll() is not None:
                    raise Failed(f"before {what}, sync ended with {sync.returncode}: {log.read_text()}")
                if time.monotonic() > deadline:
                    raise Failed(f"not within {seconds} s: {what}; the next cut: {self.proxy.cuts[:1]}")
                time.sleep(0.02)

        try:
            wait("it streams", lambda: b"streaming from" in log.read_bytes())
            yield wait
            connection = sqlite3.connect(self.source)
            (newest,) = connection.execute("SELECT max(seq) FROM _changeover_change").fetchone()
            connection.close()
            applied = "SELECT applied_sequence FROM changeover.source"
            wait("it catches up", lambda: int(self.psql(self.database, applied)) >= newest)
            self.expect_equal(f"after {len(self.proxy.hits)} cuts")
            sync.terminate()
            if sync.wait(20) != 0:
                raise Failed(f"it ended with {sync.returncode}: {log.read_text()}")
        finally:
            if sync.poll() is None:
                sync.kill()
                sync.wait()

    def require(self, steps: List[Tuple[str, str]]) -> None:
        missing = [step for step in steps if step not in self.proxy.hits]
        if missing:
            raise Failed(f"never cut at {missing}")

    def tell(self) -> None:
        counted = collections.Counter(f"{direction}: {label}" for direction, label in self.proxy.hits)
        print(f"{len(self.proxy.hits)} cuts survived at {len(counted)} kinds of messages")
        for label, times in sorted(counted.items()):
            print(f"  {times:4} {label}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("what", choices=("copy", "steps", "stream", "large"))
    parser.add_argument("--every", type=int, default=1, help="of the messages of a first copy")
    parser.add_argument("--cuts", type=int, default=60, help="cuts of a stream beside the named ones")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with World(arguments.binary, arguments.seed) as world:
        try:
            if arguments.what == "copy":
                world.sweep_copies(arguments.every)
            elif arguments.what == "steps":
                world.named_copies()
            elif arguments.what == "stream":
                world.stream(arguments.cuts)
            else:
                world.stream_large_groups()
        except Failed as failure:
            print(f"seed {arguments.seed}: {failure}")
            return 1
        world.tell()
    return 0


if __name__ == "__main__":
    sys.exit(main())
