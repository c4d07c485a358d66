#!/usr/bin/env python3
"""Random statements over random schemas against a sync that is killed, stopped and cut off; compared at random points.

    scripts/with-postgres python3 Tests/Support/fuzz.py BINARY [--first N] [--seeds N]
    scripts/with-postgres python3 Tests/Support/fuzz.py BINARY --script FILE

Every seed is a schema of up to four tables and a history of statements; many seeds share a SQLite file, a database and
a sync, and run side by side. A seed that fails is run alone, its history is reduced to what still fails, and the script
that is left is printed; `--script` runs it again. Shares no code with changeover.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Dict, Iterable, List, Optional, Sequence

from fuzz_reduce import reduced
from fuzz_schema import Schema
from fuzz_statements import Statements, Unit

SUPPORT = Path(__file__).resolve().parent
CHECKOUT = SUPPORT.parent.parent
SEEDS_IN_A_FILE = 25
UNITS = 40
COMPARISONS = 3
# How a sync may end whose connection is cut before it streams, or whose predecessor's the server has not noticed yet.
UNREACHABLE = (69, 75)
APPLIED = "SELECT applied_sequence FROM changeover.source"


QUARANTINED = """
  SELECT string_agg(format('table %s, key %s, column %s: %s', table_name, key_text, column_name, reason), E'\n')
  FROM changeover.quarantine
"""


class Failed(Exception):
    """Stores that differ, or a sync that ended; the seeds whose tables are named, where any are."""

    def __init__(self, what: str, seeds: Iterable[int] = ()) -> None:
        super().__init__(what)
        self.seeds = sorted(set(seeds))

    @property
    def kind(self) -> str:
        """What two failures have in common where the one may stand for the other."""
        return str(self).partition(":")[0]


def libraries() -> List[List[str]]:
    """What runs a writer with each version of SQLite that there is: Python's own, and those of wheels."""
    found = [[sys.executable, "sqlite3"]]
    python = CHECKOUT / ".cache" / "sqlite-libraries" / "bin" / "python"
    for library in ("apsw", "pysqlite3"):
        if python.exists():
            probe = subprocess.run([str(python), "-c", f"import {library}"], capture_output=True, check=False)
            if probe.returncode == 0:
                found.append([str(python), library])
    return found


def is_keyed(seed: int) -> bool:
    """VACUUM renumbers tables without a key: a file has the one or the other."""
    return (seed - 1) // SEEDS_IN_A_FILE % 2 == 0


def says_fail(seed: int) -> bool:
    """One word of FAIL makes changeover log more for every parent in the file: half of the files have it."""
    return (seed - 1) // SEEDS_IN_A_FILE // 2 % 2 == 1


class Writer:
    """A process of the application."""

    def __init__(self, file: Path, library: Sequence[str]) -> None:
        python, name = library
        command = [python, str(SUPPORT / "fuzz_writer.py"), str(file), name]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, unit: Unit) -> bool:
        """False where it was killed meanwhile."""
        try:
            self.process.stdin.write(json.dumps(unit) + "\n")
            self.process.stdin.flush()
            return self.process.stdout.readline() != ""
        except OSError:
            return False

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):  # What was not written to a process that is gone.
                stream.close()


class World:
    """A SQLite file with some seeds' tables, a database, and the sync between them."""

    count = 0
    lock = threading.Lock()

    def __init__(self, binary: str, name: str, mode: str = "wal", encoding: str = "UTF-8") -> None:
        with World.lock:
            World.count += 1
            number = World.count
        self.directory = Path(tempfile.mkdtemp(prefix="changeover-fuzz."))
        self.source = self.directory / "fuzz.db"
        self.command = [binary, "sync", "--source", str(self.source)]
        self.log = self.directory / "sync.log"
        self.server = os.environ["DATABASE_URL"].rpartition("/")[0]
        self.database = f"fuzz_{os.getpid()}_{name}_{number}"
        url = f"{self.server}/{self.database}"
        self.environment = {**os.environ, "DATABASE_URL": url, "SWIFT_BACKTRACE": "enable=no"}
        self.sync: Optional[subprocess.Popen] = None
        # Held while the sync is killed and started again.
        self.sync_lock = threading.RLock()
        self.said_before = 0
        self.psql("postgres", f"CREATE DATABASE {self.database}")
        with self.connection() as connection:
            connection.execute(f"PRAGMA encoding = '{encoding}'")
            connection.execute(f"PRAGMA journal_mode = {mode}")

    def close(self) -> None:
        with self.sync_lock:
            self.kill_sync()
        self.psql("postgres", f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)")
        shutil.rmtree(self.directory, ignore_errors=True)

    def connection(self) -> "Closing":
        return Closing(sqlite3.connect(self.source, isolation_level=None, timeout=30))

    def create(self, statements: Iterable[str]) -> None:
        """What SQLite refuses of it stays out, as the fuzzer's own mistakes may."""
        with self.connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            for statement in statements:
                try:
                    connection.execute(statement)
                except sqlite3.Error:
                    if not connection.in_transaction:
                        connection.execute("BEGIN IMMEDIATE")
            connection.execute("COMMIT")

    def psql(self, database: str, statement: str) -> str:
        command = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", f"{self.server}/{database}", "-c", statement]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()

    # The sync

    def start_sync(self) -> None:
        self.said_before = len(self.log.read_text("utf-8", "replace")) if self.log.exists() else 0
        with open(self.log, "ab") as output:
            self.sync = subprocess.Popen(self.command, env=self.environment, stdout=output, stderr=output)

    def kill_sync(self) -> None:
        if self.sync and self.sync.poll() is None:
            self.sync.send_signal(signal.SIGKILL)
        if self.sync:
            self.sync.wait()

    def restart_sync(self) -> None:
        with self.sync_lock:
            self.check_sync()
            self.kill_sync()
            self.start_sync()

    def check_sync(self) -> None:
        """Starts it again where its connection was cut before it streamed, as a service manager would."""
        ended = self.sync.poll() if self.sync else None
        if ended is None:
            return
        if ended not in UNREACHABLE or "streaming from" in self.said():
            raise Failed(f"sync ended with {ended}: {self.error()}", seeds_named(self.error()))
        self.start_sync()

    def said(self) -> str:
        """What the sync said since it was started."""
        return self.log.read_text("utf-8", "replace")[self.said_before :]

    def error(self) -> str:
        return self.said()[max(self.said().rfind("changeover: error:"), 0) :][-1500:]

    def sync_once(self) -> None:
        """Copies, or catches up, without any disturbance."""
        command = [*self.command, "--until-caught-up"]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=100, check=False)
        if done.returncode != 0:
            raise Failed(f"sync ended with {done.returncode}: {done.stderr[-1500:]}", seeds_named(done.stderr))

    def wait_until_created(self) -> None:
        """The types of the target's columns are settled then, and what is written from here on must fit them."""
        deadline = time.monotonic() + 60
        while "created in schema" not in self.said():
            self.check_sync()
            if time.monotonic() > deadline:
                raise Failed(f"no tables within a minute: {self.said()[-1500:]}")
            time.sleep(0.02)

    def wait_until_caught_up(self, seconds: float = 120) -> None:
        """To be called while nobody writes."""
        newest, deadline = None, time.monotonic() + seconds
        while time.monotonic() < deadline:
            with self.sync_lock:
                self.check_sync()
            try:
                if newest is None:
                    with self.connection() as connection:
                        newest = connection.execute("SELECT max(seq) FROM _changeover_change").fetchone()[0]
                ready = self.psql(self.database, APPLIED + " WHERE phase = 'syncing'")
                if ready and int(ready) >= (newest or 0):
                    return
            except (sqlite3.OperationalError, subprocess.CalledProcessError):
                pass  # Not created yet.
            time.sleep(0.05)
        raise Failed(f"not caught up with change {newest} within {seconds} s: {self.said()[-1500:]}")

    def compare(self) -> None:
        target = f"{self.server}/{self.database}"
        command = [sys.executable, str(SUPPORT / "compare.py"), str(self.source), "--dsn", target]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        refused = self.psql(self.database, QUARANTINED)
        if refused:
            raise Failed(f"rows are in the quarantine:\n{refused}", seeds_named(refused))
        if done.returncode != 0:
            raise Failed(f"the stores differ:\n{done.stdout}{done.stderr}", seeds_named(done.stdout))


class Closing:
    """A connection for the length of a `with`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def __enter__(self) -> sqlite3.Connection:
        return self.connection

    def __exit__(self, *_: object) -> None:
        self.connection.close()


def seeds_named(text: str) -> List[int]:
    return [int(number) for number in re.findall(r"\bt(\d+)_", text)]


class Disturbance(threading.Thread):
    """Kills, stops and cuts off the sync, and kills writers, at random moments until it is told to end."""

    def __init__(self, world: World, writers: List[Optional[Writer]], seed: int) -> None:
        super().__init__(daemon=True)
        self.world, self.writers = world, writers
        self.dice = random.Random(f"disturbance {seed}")
        self.ended = threading.Event()
        # Cleared while stores are compared: then the sync must be able to come to rest.
        self.allowed = threading.Event()
        self.allowed.set()
        self.counts = {"kill": 0, "stop": 0, "cut": 0, "writer": 0}

    def run(self) -> None:
        try:
            while not self.ended.wait(self.dice.uniform(0.05, 0.9)):
                self.allowed.wait()
                self.disturb(self.dice.choices(("kill", "stop", "cut", "writer"), (4, 3, 2, 1))[0])
        except (Failed, subprocess.SubprocessError, OSError):
            pass  # What is wrong the other thread finds too.

    def disturb(self, what: str) -> None:
        world = self.world
        self.counts[what] += 1
        if what == "kill":
            world.restart_sync()
        elif what == "stop":
            with world.sync_lock:
                world.sync.send_signal(signal.SIGSTOP)
                self.ended.wait(self.dice.uniform(0.02, 0.4))
                world.sync.send_signal(signal.SIGCONT)
        elif what == "cut":
            mine = f"datname = '{world.database}' AND application_name LIKE 'changeover%'"
            try:
                world.psql("postgres", f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {mine}")
            except subprocess.CalledProcessError:
                pass
        else:
            writer = self.writers[self.dice.randrange(len(self.writers))]
            if writer:
                writer.process.send_signal(signal.SIGKILL)


class Batch:
    """Seeds that share a world."""

    def __init__(self, binary: str, seeds: Sequence[int], ddl: bool, plant: bool) -> None:
        self.binary, self.seeds = binary, list(seeds)
        self.dice = random.Random(f"batch {seeds[0]}")
        self.mode = self.dice.choice(("wal", "wal", "wal", "delete"))
        self.encoding = self.dice.choice(("UTF-8", "UTF-8", "UTF-16le", "UTF-16be"))
        self.schemas = {seed: Schema(seed, is_keyed(seed), says_fail(seed)) for seed in seeds}
        self.units = {seed: Statements(schema, ddl, plant).units(UNITS) for seed, schema in self.schemas.items()}
        self.libraries = libraries()
        self.statements = 0
        self.comparisons = 0
        self.counts: Dict[str, int] = {}

    def run(self) -> None:
        world = World(self.binary, str(self.seeds[0]), self.mode, self.encoding)
        writers: List[Optional[Writer]] = []
        disturbance = Disturbance(world, writers, self.seeds[0])
        try:
            world.create(statement for schema in self.schemas.values() for statement in schema.statements)
            writers += [Writer(world.source, library) for library in (self.libraries * 2)[:3]]
            world.start_sync()
            world.wait_until_created()
            disturbance.start()
            turns = sorted(self.dice.sample(range(1, UNITS), COMPARISONS - 1)) + [UNITS]
            begun = 0
            for turn in turns:
                self.write(world, writers, begun, turn)
                begun = turn
                disturbance.allowed.clear()
                world.wait_until_caught_up()
                world.compare()
                self.comparisons += 1
                disturbance.allowed.set()
        finally:
            self.counts = disturbance.counts
            disturbance.ended.set()
            disturbance.allowed.set()
            disturbance.join(10) if disturbance.ident else None
            for writer in writers:
                writer.close()
            world.close()

    def write(self, world: World, writers: List[Optional[Writer]], begin: int, end: int) -> None:
        """Every seed's units in their order, those of different seeds side by side, on whatever connection is free."""
        waiting = {seed: list(self.units[seed][begin:end]) for seed in self.seeds}
        free, stuck = list(self.seeds), []
        lock, dice = threading.Lock(), random.Random(f"order {self.seeds[0]} {begin}")

        def work(number: int) -> None:
            while True:
                with lock:
                    if not any(waiting.values()) or stuck:
                        return
                    ready = [seed for seed in free if waiting[seed]]
                    seed = dice.choice(ready) if ready else None
                    if seed is not None:
                        free.remove(seed)
                        unit = waiting[seed].pop(0)
                if seed is None:
                    time.sleep(0.001)
                    continue
                try:
                    if not writers[number].run(unit):
                        writers[number].close()
                        writers[number] = Writer(world.source, self.libraries[number % len(self.libraries)])
                except BaseException:
                    stuck.append(seed)
                    raise
                with lock:
                    self.statements += len(unit)
                    free.append(seed)

        with ThreadPoolExecutor(len(writers)) as pool:
            list(pool.map(work, range(len(writers))))
        with world.sync_lock:
            world.check_sync()


# A history that failed


class History:
    """A seed's statements alone, and where the first copy comes: what is reduced, printed and run again."""

    COPY = "-- sync copies"
    CATCH_UP = "-- sync catches up"
    UNIT = "-- unit"

    def __init__(self, schema: List[str], units: List[Unit]) -> None:
        self.schema, self.units = schema, units

    def fails(self, binary: str, times: int = 1) -> Optional[Failed]:
        """How it fails, if it does: with a sync that is stopped meanwhile, then with one that streams."""
        for attempt in range(times):
            try:
                self.run(binary, streaming=attempt % 2 == 1)
            except Failed as failure:
                return failure
        return None

    def run(self, binary: str, streaming: bool) -> None:
        world = World(binary, "alone")
        writer = Writer(world.source, libraries()[0])
        try:
            world.create(self.schema)
            world.sync_once()
            if streaming:
                world.start_sync()
            for unit in self.units:
                writer.run(unit)
            if streaming:
                world.wait_until_caught_up(30)
            else:
                world.sync_once()
            world.compare()
        finally:
            writer.close()
            world.close()

    def script(self) -> str:
        lines = [f"{statement};" for statement in self.schema] + [self.COPY]
        for unit in self.units:
            lines.append(self.UNIT)
            lines += [f"{statement};" + ("" if name == "a" else f" -- {name}") for name, statement in unit]
        return "\n".join(lines + [self.CATCH_UP]) + "\n"

    @classmethod
    def read(cls, script: str) -> History:
        before, _, after = script.partition(cls.COPY + "\n")
        units: List[Unit] = []
        for text in after.partition(cls.CATCH_UP)[0].split(cls.UNIT + "\n")[1:]:
            unit = []
            for line in text.splitlines():
                name = "b" if line.endswith("; -- b") else "a"
                unit.append((name, line.removesuffix(" -- b").removesuffix(";")))
            units.append(unit)
        return cls([line.removesuffix(";") for line in before.splitlines()], units)

    def reduced(self, binary: str, kind: str, seconds: float) -> History:
        """The shortest that was found to fail in this way within some time."""
        deadline = time.monotonic() + seconds

        def fails(history: History) -> bool:
            failure = history.fails(binary) if time.monotonic() < deadline else None
            return failure is not None and failure.kind == kind

        # The end first: what comes after the damage does not matter.
        units = reduced(self.units, lambda units: fails(History(self.schema, units)))
        steps = [(at, step) for at, unit in enumerate(units) for step in unit]

        def together(steps: List) -> List[Unit]:
            return [[step for at, step in steps if at == number] for number in sorted({at for at, _ in steps})]

        steps = reduced(steps, lambda steps: fails(History(self.schema, together(steps))))
        schema = reduced(self.schema, lambda schema: fails(History(schema, together(steps))))
        return History(schema, together(steps))


def explain(binary: str, seed: int, ddl: bool, plant: bool, seconds: float, directory: Optional[Path]) -> str:
    """A failing seed's history alone, reduced."""
    schema = Schema(seed, is_keyed(seed), says_fail(seed))
    history = History(schema.statements, Statements(schema, ddl, plant).units(UNITS))
    failure = history.fails(binary, times=4)
    if failure is None:
        return f"seed {seed} alone does not fail: it takes the disturbances, or the others beside it"
    short = history.reduced(binary, failure.kind, seconds)
    script = short.script()
    said = short.fails(binary) or "(it does not fail every time)"
    if directory:
        (directory / f"seed-{seed}.sql").write_text(script)
    return f"seed {seed}, reduced to {sum(map(len, short.units))} statements after the copy:\n{script}{said}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=300)
    parser.add_argument("--parallel", type=int, default=2)
    parser.add_argument("--ddl", action="store_true", help="with changes of the schema")
    parser.add_argument("--plant", action="store_true", help="with triggers that hide changes from us")
    parser.add_argument("--reduce-seconds", type=float, default=120, help="for each failing seed; 0 leaves it")
    parser.add_argument("--scripts", type=Path, help="directory to leave reduced scripts in")
    parser.add_argument("--script", type=Path, help="run a reduced script instead")
    arguments = parser.parse_args()
    if arguments.script:
        said = History.read(arguments.script.read_text()).fails(arguments.binary, times=2)
        print(said or "equal")
        return 1 if said else 0
    last = arguments.first + arguments.seeds
    groups: Dict[int, List[int]] = {}
    for seed in range(arguments.first, last):
        groups.setdefault((seed - 1) // SEEDS_IN_A_FILE, []).append(seed)
    began = time.monotonic()
    failing: List[int] = []
    unexplained = False

    def run(seeds: List[int]) -> Batch:
        nonlocal unexplained
        batch = Batch(arguments.binary, seeds, arguments.ddl, arguments.plant)
        try:
            batch.run()
        except Failed as failure:
            named = [seed for seed in failure.seeds if seed in seeds]
            print(f"seeds {seeds[0]} to {seeds[-1]} ({batch.mode}, {batch.encoding}): {failure}", flush=True)
            failing.extend(named)
            unexplained = unexplained or not named
        return batch

    with ThreadPoolExecutor(arguments.parallel) as pool:
        batches = list(pool.map(run, groups.values()))
    counts = {name: sum(batch.counts.get(name, 0) for batch in batches) for name in ("kill", "stop", "cut", "writer")}
    versions = ", ".join(sorted(name for _, name in libraries()))
    print(
        f"seeds {arguments.first} to {last - 1}: {sum(batch.statements for batch in batches)} statements by writers"
        f" with {versions}; sync killed {counts['kill']} times, stopped {counts['stop']}, cut off {counts['cut']},"
        f" writers killed {counts['writer']}; compared {sum(batch.comparisons for batch in batches)} times;"
        f" {len(failing)} seeds failed; {time.monotonic() - began:.0f} s"
    )
    if arguments.reduce_seconds:
        options = (arguments.ddl, arguments.plant, arguments.reduce_seconds, arguments.scripts)
        for seed in failing[:3]:
            print(explain(arguments.binary, seed, *options))
    return 1 if failing or unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
