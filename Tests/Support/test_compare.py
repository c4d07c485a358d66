"""Tests of compare.py against the PostgreSQL of DATABASE_URL: python3 -m unittest, in this folder."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import Any, List, Sequence

from compare import Comparison, ComparisonError, compare

DSN = os.environ["DATABASE_URL"]
SCHEMA = "compare test's"
QUOTED_SCHEMA = '"compare test\'s"'


def psql(script: str) -> None:
    subprocess.run(
        ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", DSN],
        input=f"SET client_min_messages = error; SET search_path = {QUOTED_SCHEMA}; {script}".encode(),
        check=True,
    )


class CompareTests(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = Path(self.folder.name) / "a b?#.db"
        self.source = sqlite3.connect(self.path, isolation_level=None)
        self.addCleanup(self.source.close)
        psql(f"DROP SCHEMA IF EXISTS {QUOTED_SCHEMA} CASCADE; CREATE SCHEMA {QUOTED_SCHEMA};")
        self.addCleanup(psql, f"DROP SCHEMA {QUOTED_SCHEMA} CASCADE;")

    def write(self, script: str, *rows: Sequence[Any]) -> None:
        if rows:
            self.source.executemany(script, rows)
        else:
            self.source.executescript(script)

    def differences(self, **options: Any) -> List[str]:
        return [str(difference) for difference in compare(self.path, DSN, SCHEMA, **options)]

    def test_every_class_and_type_equal(self) -> None:
        self.write("CREATE TABLE t (id INTEGER PRIMARY KEY, i INT, r, n NUMERIC, s TEXT, b BLOB)")
        self.write(
            "INSERT INTO t (i, r, n, s, b) VALUES (?, ?, ?, ?, ?)",
            (2**63 - 1, 0.1 + 0.2, 7, "Zoë's \\ tab\t\n", b"\0\xff"),
            (-(2**63), -0.0, 1.5, "", b""),
            (0, float("inf"), None, "NULL", None),
            (None, 5e-324, -(2**53), None, b"\\x"),
        )
        psql(
            "CREATE TABLE t (id bigint PRIMARY KEY, i bigint, r float8, n float8, s text, b bytea);"
            "INSERT INTO t VALUES"
            "(1, 9223372036854775807, 0.30000000000000004, 7, E'Zoë''s \\\\ tab\\t\\n', '\\x00ff'),"
            "(2, -9223372036854775808, '-0', 1.5, '', ''), (3, 0, 'inf', NULL, 'NULL', NULL),"
            "(4, NULL, 5e-324, -9007199254740992, NULL, '\\x5c78');"
        )
        self.assertEqual(self.differences(), [])
        with Comparison(self.path, DSN, SCHEMA) as comparison:
            report = comparison.run()
        self.assertEqual((report.tables, report.rows), (1, 4))

    def test_differences_are_named_by_key_and_column(self) -> None:
        self.write("CREATE TABLE t (a TEXT, b INT, v REAL, PRIMARY KEY (b, a)) WITHOUT ROWID")
        self.write("INSERT INTO t VALUES (?, ?, ?)", ("x", 1, 0.0), ("y", 2, 1.0), ("z", 3, 2.0))
        psql(
            "CREATE TABLE t (a text, b bigint, v float8);"
            "INSERT INTO t VALUES ('x', 1, '-0'), ('y', 2, 1), ('w', 4, NULL);"
        )
        self.assertEqual(
            sorted(self.differences()),
            [
                "t: different: b = 1, a = 'x': v 0.0 became -0.0",
                "t: extra: b = 4, a = 'w': on the target only",
                "t: missing: b = 3, a = 'z': not on the target",
            ],
        )

    def test_null_and_empty_and_one_bit_differ(self) -> None:
        self.write("CREATE TABLE t (id INTEGER PRIMARY KEY, s TEXT, b BLOB, r REAL)")
        self.write("INSERT INTO t VALUES (?, ?, ?, ?)", (1, "", b"", 0.1), (2, None, None, 0.1))
        psql(
            "CREATE TABLE t (id bigint, s text, b bytea, r float8);"
            "INSERT INTO t VALUES (1, NULL, NULL, 0.1), (2, '', '', 0.10000000000000002);"
        )
        found = compare(self.path, DSN, SCHEMA)
        self.assertEqual([difference.columns for difference in found], [("s", "b"), ("s", "b", "r")])

    def test_mixed_column_is_compared_in_its_text_form(self) -> None:
        self.write("CREATE TABLE t (id INTEGER PRIMARY KEY, v)")
        self.write("INSERT INTO t (v) VALUES (?)", (12,), (1e20,), (b"\xab\0",), ("word",), (1.5,), ("1.5",))
        psql(
            "CREATE TABLE t (id bigint, v text);"
            "INSERT INTO t VALUES (1, '12'), (2, '1e20'), (3, '\\xab00'), (4, 'word'), (5, '1.50'), (6, '1.50');"
        )
        self.assertEqual(self.differences(), ["t: different: id = 6: v '1.5' became '1.50'"])

    def test_key_that_mixes_classes(self) -> None:
        self.write("CREATE TABLE t (k PRIMARY KEY, v INT)")
        self.write("INSERT INTO t VALUES (?, ?)", (1, 1), (b"1", 2), (1e17, 3), (None, 4), (None, 5))
        psql(
            "CREATE TABLE t (k text, v bigint);"
            "INSERT INTO t VALUES ('1', 1), ('\\x31', 2), ('100000000000000000.0', 3), (NULL, 5), (NULL, 4);"
        )
        self.assertEqual(self.differences(), [])

    def test_value_that_its_column_cannot_hold_is_a_difference(self) -> None:
        self.write("CREATE TABLE t (id INTEGER PRIMARY KEY, i INT, r NUMERIC, b BLOB)")
        self.write("INSERT INTO t VALUES (?, ?, ?, ?)", (1, "x", 2**53 + 1, "ab"))
        psql(
            "CREATE TABLE t (id bigint, i bigint, r float8, b bytea);"
            "INSERT INTO t VALUES (1, 0, 9007199254740992, '\\x6162');"
        )
        self.assertEqual(compare(self.path, DSN, SCHEMA)[0].columns, ("i", "r", "b"))

    def test_native_types_are_compared_by_what_they_say(self) -> None:
        self.write("CREATE TABLE t (id DECIMAL(9,2) PRIMARY KEY, b, d, tm, ts, tz, n, u, jb) WITHOUT ROWID")
        identity = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
        self.write(
            "INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (1.5, "t", "2024-02-29", "08:30:00.5", 1700000000, "2024-01-02T08:00:00+02:00", "1.10", identity, "[true]"),
            (2, 0, None, None, "2024-01-02 08:00", None, 12, identity.upper(), '{"b": 2, "a": 1.0}'),
        )
        psql(
            "CREATE TABLE t (id numeric(9,2), b boolean, d date, tm time, ts timestamp, tz timestamptz, n numeric,"
            " u uuid, jb jsonb); INSERT INTO t VALUES (1.50, true, '2024-02-29', '08:30:00.5', '2023-11-14 22:13:20',"
            f" '2024-01-02 06:00:00+00', 1.1, '{identity}', '[true]'), (2, false, NULL, NULL, '2024-01-02 08:00:00',"
            f' NULL, 12.0, \'{identity}\', \'{{"a": 1, "b": 2}}\');'
        )
        self.assertEqual(self.differences(), [])

    def test_a_native_value_that_lost_something_is_a_difference(self) -> None:
        twice = '{"a": 1, "a": 2}'
        self.write("CREATE TABLE t (id INTEGER PRIMARY KEY, b, d, tm, ts, tz, n, u, j, k)")
        self.write(
            "INSERT INTO t VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (2, "2024-01-02 08:00", "08:30+02:00", "2024-01-02 08:00:00.1234567", "now", "1.005", "f47", "[true]", twice),
        )
        psql(
            "CREATE TABLE t (id bigint, b boolean, d date, tm time, ts timestamp, tz timestamptz, n numeric(9,2),"
            " u uuid, j jsonb, k jsonb); INSERT INTO t VALUES (1, true, '2024-01-02', '08:30',"
            " '2024-01-02 08:00:00.123456', now(), 1.005, 'f47ac10b-0000-0000-0000-000000000000', '[1]', '{\"a\": 2}');"
        )
        self.assertEqual(compare(self.path, DSN, SCHEMA)[0].columns, ("b", "d", "tm", "ts", "tz", "n", "u", "j", "k"))

    def test_table_without_key_as_multiset(self) -> None:
        self.write("CREATE TABLE t (a INT)")
        self.write("INSERT INTO t VALUES (?)", (1,), (1,), (2,))
        psql("CREATE TABLE t (a bigint); INSERT INTO t VALUES (2), (1), (2);")
        self.assertEqual(
            sorted(self.differences()),
            ["t: extra: a = 2: on the target only", "t: missing: a = 1: not on the target"],
        )

    def test_hidden_column_carries_the_rowid(self) -> None:
        self.write("CREATE TABLE t (rowid TEXT)")
        self.write("INSERT INTO t (oid, rowid) VALUES (?, ?)", (5, "a"), (9, "a"))
        psql("CREATE TABLE t (rowid text, _changeover_rowid bigint); INSERT INTO t VALUES ('a', 5), ('a', 9);")
        self.assertEqual(self.differences(), [])
        psql("UPDATE t SET _changeover_rowid = 6 WHERE _changeover_rowid = 9;")
        self.assertEqual(
            self.differences(),
            [
                "t: missing: _changeover_rowid = 9: not on the target",
                "t: extra: _changeover_rowid = 6: on the target only",
            ],
        )

    def test_odd_names(self) -> None:
        name = """ sp"ace's :x \\ ünï 表 SELECT\n"""
        quoted = '"' + name.replace('"', '""') + '"'
        self.write(f"CREATE TABLE {quoted} (id INTEGER PRIMARY KEY, {quoted} TEXT)")
        self.write(f"INSERT INTO {quoted} VALUES (?, ?)", (1, name))
        literal = "'" + name.replace("'", "''") + "'"
        psql(f"CREATE TABLE {quoted} (id bigint, {quoted} text); INSERT INTO {quoted} VALUES (1, {literal});")
        self.assertEqual(self.differences(), [])

    def test_what_is_not_the_applications_is_left_out(self) -> None:
        self.write(
            "CREATE TABLE _changeover_change (seq INTEGER PRIMARY KEY); CREATE TABLE skipped (a);"
            "CREATE VIRTUAL TABLE docs USING fts5 (body); CREATE VIEW v AS SELECT 1;"
            "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, twice AS (id * 2)); INSERT INTO t DEFAULT VALUES;"
        )
        psql("CREATE TABLE t (id bigint, twice bigint); INSERT INTO t VALUES (1, 2);")
        self.assertEqual(self.differences(exclude=["skipped"]), [])

    def test_structure(self) -> None:
        self.write("CREATE TABLE a (x); CREATE TABLE b (x INT, y INT)")
        psql("CREATE TABLE b (x interval, z bigint);")
        self.assertEqual(
            self.differences(),
            [
                "a: structure: no such table on the target",
                "b: structure: column x is interval, which is not compared",
                "b: structure: no column y on the target",
                "b: structure: column z on the target only",
            ],
        )

    def test_list_is_limited(self) -> None:
        self.write("CREATE TABLE t (id INTEGER PRIMARY KEY)")
        self.write("INSERT INTO t VALUES (?)", *[(number,) for number in range(50)])
        psql("CREATE TABLE t (id bigint);")
        self.assertEqual(len(self.differences()), 20)

    def test_both_stores_are_pinned(self) -> None:
        self.write("PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)")
        psql("CREATE TABLE t (id bigint); INSERT INTO t VALUES (1);")
        with Comparison(self.path, DSN, SCHEMA) as comparison:
            self.write("INSERT INTO t VALUES (2)")
            psql("INSERT INTO t VALUES (3);")
            self.assertEqual(comparison.run().differences, [])
        self.assertEqual(len(self.differences()), 2)

    def test_unreachable_stores_are_errors(self) -> None:
        with self.assertRaises(ComparisonError):
            compare(self.path, "postgresql://127.0.0.1:1/nowhere")
        with self.assertRaises(sqlite3.OperationalError):
            compare(self.path.with_name("missing.db"), DSN)


if __name__ == "__main__":
    unittest.main()
