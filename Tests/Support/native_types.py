#!/usr/bin/env python3
"""Finds columns whose declaration and data allow a native type that the target does not have; no line means none.

    native_types.py FILE DSN

The rule is this file's own: it asks the standard library whether each value is what its column's declaration names.
"""

from __future__ import annotations

import datetime
import decimal
import re
import sqlite3
import subprocess
import sys
import uuid
from typing import Callable, Dict, Tuple, Union

Value = Union[int, float, str, bytes]


def is_boolean(value: Value) -> bool:
    return value in (0, 1) if isinstance(value, int) else str(value).lower() in ("t", "f", "true", "false")


def is_date(value: Value) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"\d{4}-\d\d-\d\d", value)) and is_timestamp(value)


def is_timestamp(value: Value) -> bool:
    try:
        return isinstance(value, str) and datetime.datetime.fromisoformat(value).tzinfo is None
    except ValueError:
        return False


def is_uuid(value: Value) -> bool:
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value
    except ValueError:
        return False


def is_numeric(scale: int) -> Callable[[Value], bool]:
    def fits(value: Value) -> bool:
        if not isinstance(value, (int, float)):
            return False
        number = decimal.Decimal(repr(value))
        return number.is_finite() and number == round(number, scale)

    return fits


def wanted(declared: str) -> Tuple[Tuple[str, Callable[[Value], bool]], ...]:
    """The native types that a declaration names, each with what its values are."""
    name = declared.upper()
    timestamp = ("timestamp without time zone", is_timestamp)
    if name in ("BOOLEAN", "BOOL"):
        return (("boolean", is_boolean),)
    if name == "DATE":
        return (("date", is_date), timestamp)
    if name in ("DATETIME", "TIMESTAMP"):
        return (timestamp,)
    if name in ("UUID", "GUID"):
        return (("uuid", is_uuid),)
    found = re.fullmatch(r"(?:DECIMAL|NUMERIC)(?:\((\d+)(?:, *(\d+))?\))?", name)
    return (("numeric", is_numeric(int(found[2] or 0) if found[1] else 20)),) if found else ()


def target_types(dsn: str) -> Dict[Tuple[str, str], str]:
    query = (
        "SELECT c.relname, a.attname, format_type(a.atttypid, NULL) FROM pg_class c"
        " JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace"
        " AND c.relkind = 'r' AND a.attnum > 0"
    )
    output = subprocess.run(
        ["psql", "-XqAt", "-F", "\t", "-d", dsn, "-c", query], check=True, stdout=subprocess.PIPE, encoding="utf-8"
    ).stdout
    return {(table, column): kind for table, column, kind in (line.split("\t") for line in output.splitlines())}


def main() -> None:
    file, dsn = sys.argv[1:3]
    types = target_types(dsn)
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    checked = 0
    for table, column in sorted(types):
        quoted = ['"' + name.replace('"', '""') + '"' for name in (table, column)]
        found = connection.execute("SELECT type FROM pragma_table_info(?) WHERE name = ?", (table, column)).fetchone()
        for kind, fits in wanted(found[0] if found else ""):
            values = connection.execute(f"SELECT DISTINCT {quoted[1]} FROM {quoted[0]} WHERE {quoted[1]} IS NOT NULL")
            if all(fits(value) for (value,) in values):
                checked += 1
                if types[table, column] != kind:
                    print(f"{table}.{column} {found[0]}: {types[table, column]}, though every value is a {kind}")
                break
    print(f"{checked} native columns", file=sys.stderr)


if __name__ == "__main__":
    main()
