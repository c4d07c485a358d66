#!/usr/bin/env python3
"""An application that writes wherever it is told to: to the SQLite file, or to PostgreSQL through psql.

    FILE --url URL --place FILE --log FILE --number N [--rate R]

The file `--place` holds `sqlite` or `postgresql`, and is read again whenever a store refuses a write because it is closed. A
transaction that was refused is tried again, in whatever place is named then; every transaction that was acknowledged is noted
in the log, a number a line. Writes until SIGTERM; prints how often it went from one store to the other, as JSON.

The tables are those of scenario_writer.py. Each transaction adds a row to `ledger` and one to `event`, and 1 to the balance of
the writer's own account: what is lost shows in the first, what happens twice in the other two.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sqlite3
import subprocess
import sys
import time

MOVED, CLOSED = "has moved to PostgreSQL", "CO002"
# The server ends sessions, or the application's own statements run into each other: tried again.
TRANSIENT = {"40001", "40P01", "55P03", "57014"}


class SQLite:
    def __init__(self, arguments: argparse.Namespace) -> None:
        self.connection = sqlite3.connect(arguments.file, isolation_level=None, timeout=20)

    def run(self, statements: list[str]) -> bool | None:
        """True: acknowledged. False: try again. None: closed."""
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            for statement in statements:
                self.connection.execute(statement)
            self.connection.execute("COMMIT")
            return True
        except sqlite3.Error as error:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            if MOVED in str(error):
                return None
            if "locked" in str(error):
                return False
            raise

    def close(self) -> None:
        self.connection.close()


class PostgreSQL:
    def __init__(self, arguments: argparse.Namespace) -> None:
        self.psql = subprocess.Popen(
            ["stdbuf", "-oL", arguments.psql, "-XqAt", "-d", arguments.url],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1)
        self.ask("SET client_min_messages = error")

    def ask(self, query: str) -> tuple[bool, str]:
        print(query + ";\n\\echo answer :ERROR :SQLSTATE", file=self.psql.stdin, flush=True)
        for line in self.psql.stdout:
            if line.startswith("answer "):
                _, failed, state = line.split()
                return failed == "true", state
        raise RuntimeError("psql ended: " + self.psql.stderr.read())

    def run(self, statements: list[str]) -> bool | None:
        failed, state = self.ask(" \\; ".join(["BEGIN"] + statements + ["COMMIT"]))
        if not failed:
            return True
        self.ask("ROLLBACK")
        if state == CLOSED:
            return None
        if state in TRANSIENT:
            return False
        raise RuntimeError("PostgreSQL refused with " + state)

    def close(self) -> None:
        self.psql.stdin.close()
        self.psql.wait()


class Writer:
    STORES = {"sqlite": SQLite, "postgresql": PostgreSQL}

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.dice = random.Random(arguments.number)
        self.stopped = False
        self.moves = 0
        self.place = None
        self.store = None

    def go(self) -> None:
        with open(self.arguments.place) as file:
            place = file.read().strip()
        if place == self.place:
            time.sleep(0.002)
            return
        if self.store:
            self.store.close()
            self.moves += 1
        self.place, self.store = place, self.STORES[place](self.arguments)

    def run(self) -> None:
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "stopped", True))
        self.go()
        number, began = 0, time.monotonic()
        with open(self.arguments.log, "a", buffering=1) as log:
            while not self.stopped:
                ahead = began + number / self.arguments.rate - time.monotonic()
                if ahead > 0:
                    time.sleep(min(ahead, 0.02))
                    continue
                statements = self.statements(number + 1)
                while not self.stopped:
                    done = self.store.run(statements)
                    if done:
                        number += 1
                        log.write(f"{number}\n")
                        break
                    if done is None:
                        self.go()
        self.store.close()
        print(json.dumps({"transactions": number, "moves": self.moves}), flush=True)

    def statements(self, number: int) -> list[str]:
        me, dice = self.arguments.number, self.dice
        some = lambda: dice.randrange(1, 60)
        choices = [
            f"UPDATE account SET note = 'w{me}-{number}' WHERE id = {some()}",
            f"INSERT INTO account (email, balance) VALUES ('w{me}-{number}@x', 0.5)",
            f"DELETE FROM account WHERE email = 'w{me}-{number - 7}@x'",
            f"INSERT INTO product VALUES ('W{me}-{number}', 'name', 0.25, 1)",
            f"UPDATE product SET stock = stock + 1 WHERE sku = 'W{me}-{number - 3}'",
            f"DELETE FROM product WHERE sku = 'W{me}-{number - 5}'",
            f"DELETE FROM line WHERE account = {some()}",
            f"UPDATE slot SET holder = 'w{me}-{number}' WHERE id = {some()}",
            f"DELETE FROM slot WHERE id = {some() + me * 1000}",
        ]
        return dice.sample(choices, dice.randint(1, 3)) + [
            f"UPDATE account SET balance = balance + 1 WHERE email = 'writer-{me}'",
            f"INSERT INTO event (kind, at) VALUES ('ledger-{me}', {number})",
            f"INSERT INTO ledger VALUES ({me}, {number}, '{self.place}')",
        ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    for name in ("url", "place", "log"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--psql", default="psql")
    parser.add_argument("--number", type=int, required=True)
    parser.add_argument("--rate", type=float, default=100)
    Writer(parser.parse_args()).run()


if __name__ == "__main__":
    sys.exit(main())
