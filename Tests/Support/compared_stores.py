"""The two stores that are compared, each read in one transaction."""

from __future__ import annotations

import os
import sqlite3
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence, Tuple, Union

from compared_values import LENGTH, Field, Row, Text

SHORT = struct.Struct(">h")
COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)


class ComparisonError(Exception):
    """The comparison could not be made."""


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True)
class SourceTable:
    name: str
    columns: Tuple[str, ...]
    key: Tuple[str, ...]
    # The alias of the rowid that no column shadows; None where there is no rowid to name.
    rowid: Optional[str]


class Source:
    """The SQLite file, in one read transaction."""

    def __init__(self, path: Union[str, Path]) -> None:
        if sqlite3.sqlite_version_info < (3, 37):
            raise ComparisonError("SQLite 3.37 or newer is needed, for PRAGMA table_list")
        uri = Path(path).resolve().as_uri() + "?mode=ro"
        self.connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=30)
        self.connection.text_factory = Text

    def pin(self) -> None:
        self.connection.execute("BEGIN")
        self.connection.execute("SELECT count(*) FROM sqlite_master").fetchone()

    def close(self) -> None:
        self.connection.close()

    def tables(self) -> List[SourceTable]:
        """The application's own tables: not virtual, not shadow, not SQLite's or changeover's."""
        found = self.connection.execute(
            "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table' ORDER BY name"
        )
        named = [(name.decode(), without_rowid) for name, without_rowid in found]
        return [self.table(name, bool(wr)) for name, wr in named if not name.startswith(("sqlite_", "_changeover_"))]

    def table(self, name: str, without_rowid: bool) -> SourceTable:
        described = self.connection.execute(f"PRAGMA table_xinfo({quoted(name)})").fetchall()
        columns = tuple(column[1].decode() for column in described)
        key = sorted((column[5], column[1].decode()) for column in described if column[5])
        taken = {column.lower() for column in columns}
        free = [alias for alias in ("rowid", "oid", "_rowid_") if alias not in taken]
        rowid = free[0] if free and not without_rowid else None
        return SourceTable(name, columns, tuple(column for _, column in key), rowid)

    def rows(self, table: str, expressions: Sequence[str]) -> Iterator[Row]:
        return self.connection.execute(f"SELECT {', '.join(expressions)} FROM {quoted(table)}")


class Target:
    """The PostgreSQL schema, in one read transaction of one psql process."""

    def __init__(self, dsn: Optional[str], schema: str, may_have_more: bool = False) -> None:
        command = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"] + (["-d", dsn] if dsn else [])
        self.schema = schema
        # Columns that the source has not are none of the comparison's business.
        self.may_have_more = may_have_more
        self.columns: Dict[str, Dict[str, str]] = {}
        self.errors = tempfile.TemporaryFile()
        self.psql = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            bufsize=1 << 20,
            env={**os.environ, "PGCLIENTENCODING": "UTF8"},
        )

    def pin(self) -> None:
        self.send("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;")
        self.send("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;")
        self.columns = self.catalogue()

    def close(self) -> None:
        """Ends psql, in the middle of a result too."""
        self.psql.kill()
        self.psql.wait()
        self.psql.stdout.close()
        try:
            self.psql.stdin.close()
        except BrokenPipeError:
            pass
        self.errors.close()

    def catalogue(self) -> Dict[str, Dict[str, str]]:
        """Every table's columns with their types."""
        schema = self.schema.replace("'", "''")
        tables: Dict[str, Dict[str, str]] = {}
        for table, column, type_name in self.copied(
            "SELECT c.relname::text, a.attname::text, format_type(a.atttypid, NULL)"
            " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid"
            f" WHERE n.nspname = '{schema}' AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped"
            " ORDER BY c.relname, a.attnum"
        ):
            tables.setdefault(table.decode(), {})[column.decode()] = type_name.decode()
        return tables

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[List[Field]]:
        names = ", ".join(quoted(column) for column in columns)
        return self.copied(f"SELECT {names} FROM {quoted(self.schema)}.{quoted(table)}")

    def copied(self, query: str) -> Iterator[List[Field]]:
        """The rows of a query; to be read to the end, because the next result follows in the same pipe."""
        self.send(f"COPY ({query}) TO STDOUT (FORMAT binary);")
        read = self.psql.stdout.read
        if read(len(COPY_HEADER)) != COPY_HEADER:
            raise self.failure()
        try:
            while True:
                (count,) = SHORT.unpack(read(2))
                if count < 0:
                    return
                fields: List[Field] = []
                for _ in range(count):
                    (length,) = LENGTH.unpack(read(4))
                    fields.append(None if length < 0 else read(length))
                yield fields
        except struct.error:
            raise self.failure() from None

    def send(self, statement: str) -> None:
        try:
            self.psql.stdin.write(statement.encode() + b"\n")
            self.psql.stdin.flush()
        except BrokenPipeError:
            raise self.failure() from None

    def failure(self) -> ComparisonError:
        self.psql.kill()
        self.psql.wait()
        self.errors.seek(0)
        return ComparisonError(self.errors.read().decode("utf-8", "replace").strip() or "psql ended early")
