"""What every benchmark works with: the binary, the server, a folder, and processes that end with it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

import psycopg


class Run:
    """How long a program took, and its peak of memory."""

    def __init__(self, seconds: float, mebibytes: float, output: str) -> None:
        self.seconds, self.mebibytes, self.output = seconds, mebibytes, output


def peak(pid: int) -> float:
    """The most memory that a process had so far, in mebibytes; 0 where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0)


class Workplace:
    def __init__(self, folder: Path, options: Any) -> None:
        self.folder, self.options = folder, options
        self.binary = os.environ["CHANGEOVER_BINARY"]
        self.url = os.environ["DATABASE_URL"]
        self.databases = 0

    def scaled(self, count: int) -> int:
        return count // 10 if self.options.quick else count

    def rounds(self, count: Optional[int] = None) -> int:
        rounds = count if count is not None else self.options.rounds
        return min(rounds, 2) if self.options.quick else rounds

    # PostgreSQL

    def connect(self, url: Optional[str] = None) -> psycopg.Connection:
        return psycopg.connect(url or self.url, autocommit=True)

    @contextmanager
    def database(self) -> Iterator[str]:
        """A new, empty database; yields its URL."""
        self.databases += 1
        name = f"benchmark_{os.getpid()}_{self.databases}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name}")
        try:
            yield self.url.rsplit("/", 1)[0] + "/" + name
        finally:
            with self.connect() as connection:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
                # Neither the next round pays for writing out this one's pages.
                connection.execute("CHECKPOINT")

    # changeover

    def arguments(self, command: str, source: Path, url: str, *more: str) -> List[str]:
        return [self.binary, *command.split(), "--source", str(source), "--target", url, *more]

    def changeover(self, command: str, source: Path, url: str, *more: str) -> Run:
        return self.time(self.arguments(command, source, url, *more))

    def report(self, command: str, source: Path, url: str, *more: str) -> Dict[str, Any]:
        output = subprocess.run(
            self.arguments(command, source, url, "--json", *more), capture_output=True, text=True, check=False)
        return json.loads(output.stdout)

    @contextmanager
    def syncing(self, source: Path, url: str, *more: str) -> Iterator[subprocess.Popen]:
        """A sync in the background, caught up when it is handed out."""
        log = open(self.folder / "sync.log", "ab")
        process = subprocess.Popen(self.arguments("sync", source, url, *more), stdout=log, stderr=log)
        try:
            self.await_caught_up(source, url, process)
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            log.close()

    def await_caught_up(
        self, source: Path, url: str, process: Optional[subprocess.Popen] = None, seconds: float = 1800, behind: int = 0
    ) -> float:
        """Waits until no more than `behind` changes are behind (beside a writer 0 may never be seen); returns how long it
        took."""
        started = time.monotonic()
        while True:
            if process is not None and process.poll() is not None:
                raise RuntimeError("sync ended: " + (self.folder / "sync.log").read_text()[-2000:])
            try:
                lag = self.report("lag", source, url)
                if (lag.get("changes") or 0) <= behind and lag.get("state") in ("streaming", "reversed"):
                    return time.monotonic() - started
            except ValueError:
                pass
            if time.monotonic() - started > seconds:
                raise RuntimeError("not caught up in time")
            time.sleep(0.05)

    def time(self, arguments: List[str], **more: Any) -> Run:
        """Runs a program to its end, and looks at its memory meanwhile. What wait4 tells of that is no use: a child
        begins with the peak of the process that made it, and this one has Arrow in it."""
        started = time.monotonic()
        output = open(self.folder / "program.log", "w+b")
        process = subprocess.Popen(arguments, stdout=output, stderr=subprocess.STDOUT, **more)
        memory, is_over = [0.0], threading.Event()

        def look() -> None:
            while not is_over.wait(0.005):
                memory[0] = max(memory[0], peak(process.pid))

        looking = threading.Thread(target=look)
        looking.start()
        process.wait()
        seconds = time.monotonic() - started
        is_over.set()
        looking.join()
        output.seek(0)
        text = output.read().decode(errors="replace")
        output.close()
        if process.returncode != 0:
            raise RuntimeError(f"{' '.join(arguments[:3])} ended with {process.returncode}: {text[-2000:]}")
        return Run(seconds, memory[0], text)

    # SQLite

    def sqlite(self, path: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(path, isolation_level=None, timeout=60)
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    def copy(self, source: Path, name: str) -> Path:
        """A copy of a checkpointed file."""
        destination = self.folder / name
        for suffix in ("", "-wal", "-shm"):
            Path(str(destination) + suffix).unlink(missing_ok=True)
        shutil.rmtree(str(destination) + ".changeover", ignore_errors=True)
        shutil.copyfile(source, destination)
        return destination


def fold(connection: sqlite3.Connection) -> None:
    """Everything into the file itself, so that it can be copied."""
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
