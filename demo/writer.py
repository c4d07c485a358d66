"""A writer of the shop: a role that commits transaction after transaction, first to SQLite, then to PostgreSQL."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from pathlib import Path
from typing import Any, Dict, List

import acknowledgements
from roles import Office, Role, Sales, Warehouse, Write
from stores import Moved, SQLiteStore, Store, postgres_store

ROLES = {"sales": Sales, "warehouse": Warehouse, "office": Office}
# The shop's configuration: while this file is missing, the shop lives in SQLite.
CONFIGURATION = "postgresql.conf"


class Writer:
    """Runs a role at its pace and appends every acknowledged transaction to a log."""

    def __init__(self, name: str, file: Path, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.role: Role = ROLES[name](random.Random(name))
        self.store: Store = SQLiteStore(file)
        self.log = open(acknowledgements.log_of(folder, name), "a", encoding="utf-8")
        self.number = 0
        self.stopping = False
        self.summary: Dict[str, Any] = {"slowest_ms": 0.0, "last_sqlite": None, "first_postgres": None}
        self.parent = os.getppid()
        signal.signal(signal.SIGTERM, self.stop)

    def stop(self, *_: object) -> None:
        self.stopping = True

    def run(self) -> None:
        due = time.monotonic()
        while not self.ended():
            due = max(due + 1 / self.role.rate, time.monotonic() - 0.1)
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                self.transact()
            except Moved:
                self.switch_over()
        self.store.close()
        self.log.close()
        acknowledgements.summary_of(self.folder, self.name).write_text(json.dumps(self.summary))

    def ended(self) -> bool:
        return self.stopping or os.getppid() != self.parent

    def transact(self) -> None:
        started = time.monotonic()
        self.store.begin()
        writes = self.role.transaction(self.store, self.number + 1)
        self.store.commit()
        self.number += 1
        self.acknowledge(writes)
        self.measure(started)

    def acknowledge(self, writes: List[Write]) -> None:
        self.log.write(acknowledgements.line(self.store.name, writes))
        self.log.flush()

    def measure(self, started: float) -> None:
        if self.store.name == "sqlite":
            self.summary["last_sqlite"] = time.time()
            self.summary["slowest_ms"] = max(self.summary["slowest_ms"], (time.monotonic() - started) * 1000)
        elif self.summary["first_postgres"] is None:
            self.summary["first_postgres"] = time.time()

    def switch_over(self) -> None:
        """Waits for the shop's configuration to name PostgreSQL; the refused transaction is tried again there."""
        self.store.close()
        while not (self.folder / CONFIGURATION).exists():
            if self.ended():
                return
            time.sleep(0.002)
        self.store = postgres_store()


def run(name: str, file: Path, folder: Path) -> None:
    Writer(name, file, folder).run()
