#!/usr/bin/env python3
"""Compares a SQLite file with its copy in PostgreSQL: every value of every row, exactly.

In a column of a native type (boolean, date, timestamp, numeric, uuid, jsonb …) the source's text or number is read by
Python, and what it says must be what the target holds.

Shares no code with changeover: the standard library and the `psql` program only. Each store is read in one
transaction. First every key's rows are summed up as digests, then the keys whose sums differ are read again in full,
so memory grows with the number of keys and not with the size of the rows.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, Optional, Sequence, Tuple, Union

from compared_stores import ComparisonError, Source, SourceTable, Target, quoted
from compared_values import ENCODERS, Field, Row, SourceValue, decode, digest, framed, same, show, unspelled

# The last column of a target table whose source has no key: the source's rowid.
HIDDEN_COLUMN = "_changeover_rowid"


@dataclass(frozen=True)
class Difference:
    table: str
    # `missing` or `extra` on the target, `different`, or `structure` where rows could not be compared.
    kind: str
    detail: str
    key: str = ""
    columns: Tuple[str, ...] = ()

    def __str__(self) -> str:
        return ": ".join(part for part in (self.table, self.kind, self.key, self.detail) if part)


@dataclass
class Report:
    tables: int = 0
    rows: int = 0
    differences: List[Difference] = field(default_factory=list)


class TableComparison:
    """One table in both stores, its columns in the source's order."""

    slice_size = 20_000

    def __init__(self, source: Source, target: Target, table: SourceTable) -> None:
        self.source, self.target, self.table = source, target, table
        self.types = dict(target.columns.get(table.name, {}))
        self.row_count = 0
        self.columns = list(table.columns)
        self.expressions = [quoted(column) for column in table.columns]
        key = table.key or table.columns
        if table.rowid and HIDDEN_COLUMN in self.types and HIDDEN_COLUMN not in table.columns:
            self.columns.append(HIDDEN_COLUMN)
            self.expressions.append(table.rowid)
            key = (HIDDEN_COLUMN,)
        self.key_positions = [self.columns.index(column) for column in key]

    def differences(self) -> Iterator[Difference]:
        structure = list(self.structure())
        if structure:
            yield from structure
            return
        suspects = iter(self.suspects())
        while True:
            keys = list(islice(suspects, self.slice_size))
            if not keys:
                return
            yield from self.named(keys)

    def structure(self) -> Iterator[Difference]:
        name = self.table.name
        if not self.types:
            yield Difference(name, "structure", "no such table on the target")
            return
        for column in self.columns:
            if column not in self.types:
                yield Difference(name, "structure", f"no column {column} on the target", columns=(column,))
            elif self.types[column] not in ENCODERS:
                detail = f"column {column} is {self.types[column]}, which is not compared"
                yield Difference(name, "structure", detail, columns=(column,))
        for column in self.types:
            if column not in self.columns and not self.target.may_have_more:
                yield Difference(name, "structure", f"column {column} on the target only", columns=(column,))

    def suspects(self) -> List[bytes]:
        """Keys whose rows are not, byte for byte, the same in both stores."""
        sums: Dict[bytes, int] = {}
        for row in self.source.rows(self.table.name, self.expressions):
            self.row_count += 1
            fields = self.encoded(row)
            key = self.key(fields)
            sums[key] = sums.get(key, 0) + digest(fields)
        for fields in self.target.rows(self.table.name, self.columns):
            key = self.key(fields)
            rest = sums.pop(key, 0) - digest(fields)
            if rest:
                sums[key] = rest
        return list(sums)

    def named(self, keys: List[bytes]) -> Iterator[Difference]:
        """Compares the rows of these keys value by value."""
        here: Dict[bytes, List[Row]] = {key: [] for key in keys}
        there: Dict[bytes, List[List[Field]]] = {key: [] for key in keys}
        for row in self.source.rows(self.table.name, self.expressions):
            key = self.key(self.encoded(row))
            if key in here:
                here[key].append(row)
        for fields in self.target.rows(self.table.name, self.columns):
            key = self.key(fields)
            if key in there:
                there[key].append(fields)
        for key in keys:
            yield from self.paired(here[key], there[key])

    def paired(self, rows: List[Row], seen: List[List[Field]]) -> Iterator[Difference]:
        extra = []
        for fields in seen:
            twin = next((index for index, row in enumerate(rows) if not self.unequal(row, fields)), None)
            if twin is None:
                extra.append(fields)
            else:
                rows.pop(twin)
        for row, fields in zip_longest(rows, extra):
            yield self.difference(row, fields)

    def difference(self, row: Optional[Row], fields: Optional[List[Field]]) -> Difference:
        name = self.table.name
        if fields is None:
            return Difference(name, "missing", "not on the target", self.named_key(row))
        values = [decode(item, self.types[column]) for item, column in zip(fields, self.columns)]
        if row is None:
            return Difference(name, "extra", "on the target only", self.named_key(values))
        positions = self.unequal(row, fields)
        detail = ", ".join(f"{self.columns[at]} {show(row[at])} became {show(values[at])}" for at in positions)
        columns = tuple(self.columns[at] for at in positions)
        return Difference(name, "different", detail, self.named_key(row), columns)

    def encoded(self, row: Row) -> List[Field]:
        return [ENCODERS[self.types[column]](value) for column, value in zip(self.columns, row)]

    def key(self, fields: Sequence[Field]) -> bytes:
        return framed(unspelled(fields[at], self.types[self.columns[at]]) for at in self.key_positions)

    def unequal(self, row: Row, fields: List[Field]) -> List[int]:
        return [
            at
            for at, column in enumerate(self.columns)
            if not same(row[at], self.types[column], fields[at])
        ]

    def named_key(self, values: Sequence[SourceValue]) -> str:
        return ", ".join(f"{self.columns[at]} = {show(values[at])}" for at in self.key_positions)


class Comparison:
    """Both stores as they stand at `pin()`, or on entering `with`, whatever is written to them afterwards."""

    def __init__(
        self,
        source: Union[str, Path],
        dsn: Optional[str] = None,
        schema: str = "public",
        exclude: Iterable[str] = (),
        more_columns: bool = False,
    ) -> None:
        self.exclude = set(exclude)
        self.source = Source(source)
        try:
            self.target = Target(dsn, schema, more_columns)
        except BaseException:
            self.source.close()
            raise

    def __enter__(self) -> Comparison:
        try:
            self.pin()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def pin(self) -> None:
        self.source.pin()
        self.target.pin()

    def close(self) -> None:
        self.source.close()
        self.target.close()

    def run(self, limit: int = 20) -> Report:
        """Compares table after table and ends early once more than `limit` differences are known."""
        report = Report()
        for table in self.source.tables():
            if table.name in self.exclude:
                continue
            comparison = TableComparison(self.source, self.target, table)
            wanted = limit + 1 - len(report.differences)
            report.differences += islice(comparison.differences(), wanted)
            report.tables += 1
            report.rows += comparison.row_count
            if len(report.differences) > limit:
                break
        return report


def compare(
    source: Union[str, Path],
    dsn: Optional[str] = None,
    schema: str = "public",
    exclude: Iterable[str] = (),
    limit: int = 20,
) -> List[Difference]:
    """The differences between a SQLite file and a PostgreSQL schema, at most `limit` of them; none means equal."""
    with Comparison(source, dsn, schema, exclude) as comparison:
        return comparison.run(limit).differences[:limit]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", metavar="SOURCE", help="the SQLite file")
    parser.add_argument("--dsn", metavar="URI", default=os.environ.get("DATABASE_URL"), help="default: DATABASE_URL")
    parser.add_argument("--schema", default="public")
    parser.add_argument("--exclude", metavar="T", nargs="+", action="extend", default=[], help="tables to leave out")
    parser.add_argument("--more-columns", action="store_true", help="let the target have columns of its own")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    limit = 20
    try:
        with Comparison(
            arguments.source, arguments.dsn, arguments.schema, arguments.exclude, arguments.more_columns
        ) as comparison:
            report = comparison.run(limit)
    except (ComparisonError, sqlite3.Error, OSError) as error:
        print(f"compare: {error}", file=sys.stderr)
        return 2
    if not report.differences:
        print(f"equal: {report.tables} tables, {report.rows} rows")
        return 0
    for difference in report.differences[:limit]:
        print(difference)
    if len(report.differences) > limit:
        print("… and more")
    return 1


if __name__ == "__main__":
    sys.exit(main())
