"""The shop's two stores behind one interface, and the ways to speak to PostgreSQL."""

from __future__ import annotations

import importlib
import os
import sqlite3
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Dict, Optional, Sequence

Values = Sequence[Any]


class Moved(Exception):
    """The store is fenced: its data moved to PostgreSQL."""


class Store:
    """What a writer asks of a store; statements are in the SQL that both know, with `?` for a value."""

    name: str

    def begin(self) -> None:
        raise NotImplementedError

    def execute(self, sql: str, values: Values = ()) -> None:
        raise NotImplementedError

    def value(self, sql: str, values: Values = ()) -> Optional[str]:
        """The first column of the only row, as text; None where there is no row."""
        raise NotImplementedError

    def insert_numbered(self, table: str, row: Dict[str, Any]) -> int:
        """Inserts a row and returns the id that the store gave it."""
        raise NotImplementedError

    def replace(self, table: str, key: str, row: Dict[str, Any]) -> None:
        raise NotImplementedError

    def commit(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def insert(self, table: str, row: Dict[str, Any]) -> None:
        self.execute(insertion(table, row), list(row.values()))


def insertion(table: str, row: Dict[str, Any]) -> str:
    return f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"


class SQLiteStore(Store):
    name = "sqlite"

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, timeout=5, isolation_level=None)
        self.connection.execute("PRAGMA foreign_keys = ON")
        self.connection.execute("PRAGMA synchronous = NORMAL")

    def begin(self) -> None:
        self.run("BEGIN IMMEDIATE")

    def execute(self, sql: str, values: Values = ()) -> None:
        self.run(sql, values)

    def value(self, sql: str, values: Values = ()) -> Optional[str]:
        row = self.run(sql, values).fetchone()
        return None if row is None or row[0] is None else str(row[0])

    def insert_numbered(self, table: str, row: Dict[str, Any]) -> int:
        return self.run(insertion(table, row), list(row.values())).lastrowid

    def replace(self, table: str, key: str, row: Dict[str, Any]) -> None:
        self.run(insertion(table, row).replace("INSERT", "INSERT OR REPLACE", 1), list(row.values()))

    def commit(self) -> None:
        self.run("COMMIT")

    def close(self) -> None:
        self.connection.close()

    def run(self, sql: str, values: Values = ()) -> sqlite3.Cursor:
        try:
            return self.connection.execute(sql, values)
        except sqlite3.Error as error:
            if "moved to PostgreSQL" in str(error):
                raise Moved(str(error)) from error
            raise


class PostgresStore(Store):
    name = "postgres"

    def insert_numbered(self, table: str, row: Dict[str, Any]) -> int:
        return int(self.value(insertion(table, row) + " RETURNING id", list(row.values())))

    def replace(self, table: str, key: str, row: Dict[str, Any]) -> None:
        changed = ", ".join(f"{column} = excluded.{column}" for column in row if column != key)
        self.execute(f"{insertion(table, row)} ON CONFLICT ({key}) DO UPDATE SET {changed}", list(row.values()))


class PsycopgStore(PostgresStore):
    def __init__(self, psycopg: Any) -> None:
        self.connection = psycopg.connect(os.environ.get("DATABASE_URL", ""), autocommit=True)

    def begin(self) -> None:
        self.connection.execute("BEGIN")

    def execute(self, sql: str, values: Values = ()) -> None:
        self.connection.execute(sql.replace("?", "%s"), values)

    def value(self, sql: str, values: Values = ()) -> Optional[str]:
        row = self.connection.execute(sql.replace("?", "%s"), values).fetchone()
        return None if row is None or row[0] is None else str(row[0])

    def commit(self) -> None:
        self.connection.execute("COMMIT")

    def close(self) -> None:
        self.connection.close()


class PsqlStore(PostgresStore):
    """One long-lived psql: statements go in on its stdin, and an echo on its stdout says how far it came."""

    echo = "--done--"

    def __init__(self) -> None:
        command = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", os.environ.get("DATABASE_URL", "")]
        self.errors = tempfile.TemporaryFile()
        self.psql = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            encoding="utf-8",
            env={**os.environ, "PGCLIENTENCODING": "UTF8"},
        )
        self.answer()

    def begin(self) -> None:
        self.execute("BEGIN")

    def execute(self, sql: str, values: Values = ()) -> None:
        self.send(f"{with_literals(sql, values)};\n")

    def value(self, sql: str, values: Values = ()) -> Optional[str]:
        self.execute(sql, values)
        return self.answer() or None

    def commit(self) -> None:
        self.execute("COMMIT")
        self.answer()

    def close(self) -> None:
        self.psql.communicate()
        self.errors.close()

    def answer(self) -> str:
        """What psql printed up to the echo; it stops at the first error, so the echo means success."""
        self.send(f"\\echo {self.echo}\n")
        self.psql.stdin.flush()
        lines = []
        for line in self.psql.stdout:
            if line.rstrip("\n") == self.echo:
                return "\n".join(lines)
            lines.append(line.rstrip("\n"))
        raise self.failure()

    def send(self, text: str) -> None:
        try:
            self.psql.stdin.write(text)
        except BrokenPipeError:
            raise self.failure() from None

    def failure(self) -> RuntimeError:
        self.psql.kill()
        self.psql.wait()
        self.errors.seek(0)
        return RuntimeError(self.errors.read().decode("utf-8", "replace").strip() or "psql ended early")


def with_literals(sql: str, values: Values) -> str:
    head, *rest = sql.split("?")
    return head + "".join(literal(value) + part for value, part in zip(values, rest))


def literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"'\\x{value.hex()}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)


def postgres_store() -> PostgresStore:
    """Through psycopg where it is installed, else through psql."""
    try:
        return PsycopgStore(importlib.import_module("psycopg"))
    except ModuleNotFoundError:
        return PsqlStore()
