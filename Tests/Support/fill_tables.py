#!/usr/bin/env python3
"""Fills the tables of a SQLite file with rows that their declarations and names ask for, then changes some of them.

fill_tables.py FILE SEED ROWS        inserts ROWS into every table, parents first
fill_tables.py FILE SEED ROWS --more inserts, updates, replaces and deletes about ROWS in every table
"""

from __future__ import annotations

import json
import random
import sqlite3
import sys
import uuid
from typing import Dict, List, Optional, Union

Value = Union[None, int, float, str, bytes]
FLAGS = ("enabled", "is_", "uploaded", "has_")
WORDS = ["", "plain", "it's", 'a "quote"', "Łódź", "日本", "tab\there", "back\\slash", "émigré", "x" * 20, "0", "null"]


class Filler:
    def __init__(self, path: str, seed: int) -> None:
        self.random = random.Random(seed)
        self.database = sqlite3.connect(path, isolation_level=None, timeout=30)
        self.numbers = 0

    def tables(self) -> List[str]:
        """Parents before their children."""
        names = [
            name
            for (name,) in self.database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid")
            if not name.startswith(("sqlite_", "_changeover_"))
        ]
        ordered: List[str] = []
        while names:
            for name in names:
                parents = {row[2] for row in self.database.execute(f"PRAGMA foreign_key_list({name})")} - {name}
                if parents <= set(ordered):
                    ordered.append(name)
                    names.remove(name)
                    break
        return ordered

    def value(self, name: str, declared: str, required: bool) -> Value:
        choose = self.random.choice
        if not required and self.random.random() < 0.2:
            return None
        if name.endswith("_json"):
            return json.dumps({"sku": choose(WORDS), "n": [self.random.randrange(9), 1.5, None]}, ensure_ascii=False)
        if declared.startswith(("DATETIME", "TIMESTAMP")):
            day, hour = self.random.randrange(1, 29), self.random.randrange(24)
            fraction = choose(["", "", ".5", ".123456"])
            year, month = self.random.randrange(2010, 2030), self.random.randrange(1, 13)
            return f"{year}-{month:02}-{day:02}{choose(' T')}{hour:02}:30:15{fraction}"
        if declared.startswith("BOOL") or name.startswith(FLAGS):
            return self.random.randrange(2)
        if declared.startswith("UUID"):
            return str(uuid.UUID(int=self.random.getrandbits(128)))
        if declared.startswith(("DECIMAL", "NUMERIC")):
            return round(self.random.uniform(-9_999, 9_999), 2)
        if declared.startswith("REAL"):
            return self.random.uniform(-1e300, 1e300)
        if declared.startswith("BLOB"):
            return self.random.randbytes(self.random.randrange(9))
        if name == "quantity":
            return self.random.randrange(1, 100)
        if name == "status":
            return choose(["open", "paid", "sent"])
        if "INT" in declared:
            return choose([0, -1, 2**31 - 1, -(2**31), self.random.randrange(10_000)])
        return choose(WORDS)

    def row(self, table: str) -> Dict[str, Value]:
        parents = {row[3]: row[2] for row in self.database.execute(f"PRAGMA foreign_key_list({table})")}
        row: Dict[str, Value] = {}
        for _, name, declared, required, _, key in self.database.execute(f"PRAGMA table_info({table})"):
            if name in parents:
                row[name] = self.parent(parents[name])
            elif key and "INT" in declared:
                continue
            elif key or name in ("parameter_name", "component_sku", "lot", "order_number", "code"):
                # What tells rows apart.
                self.numbers += 1
                row[name] = f"{self.random.choice(WORDS)[:8]}-{self.random.randrange(10**9)}-{self.numbers}"
            else:
                row[name] = self.value(name, declared, bool(required))
        return row

    def parent(self, table: str) -> Value:
        key = next(row[1] for row in self.database.execute(f"PRAGMA table_info({table})") if row[5])
        found: Optional[tuple] = self.database.execute(
            f"SELECT {key} FROM {table} ORDER BY random() LIMIT 1"
        ).fetchone()
        return found[0] if found else None

    def insert(self, table: str, verb: str = "INSERT") -> None:
        row = self.row(table)
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        self.database.execute(f"{verb} INTO {table} ({names}) VALUES ({marks})", list(row.values()))

    def change(self, table: str) -> None:
        turn = self.random.randrange(4)
        if turn == 0:
            self.insert(table, "INSERT OR REPLACE")
        elif turn == 1 and not self.children(table):
            self.database.execute(
                f"DELETE FROM {table} WHERE rowid = (SELECT rowid FROM {table} ORDER BY random() LIMIT 1)"
            )
        else:
            row = self.row(table)
            keys = {row[1] for row in self.database.execute(f"PRAGMA table_info({table})") if row[5]}
            names = [name for name in row if name not in keys]
            if not names:
                return
            name = self.random.choice(names)
            self.database.execute(
                f"UPDATE {table} SET {name} = ? WHERE rowid = (SELECT rowid FROM {table} ORDER BY random() LIMIT 1)",
                [row[name]],
            )

    def children(self, table: str) -> bool:
        return any(
            row[2] == table
            for other in self.tables()
            for row in self.database.execute(f"PRAGMA foreign_key_list({other})")
        )


def main() -> None:
    path, seed, rows = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    filler = Filler(path, seed)
    print(f"seed {seed}")
    for table in filler.tables():
        filler.database.execute("BEGIN IMMEDIATE")
        for _ in range(rows):
            if "--more" in sys.argv:
                filler.change(table)
            else:
                filler.insert(table)
        filler.database.execute("COMMIT")


if __name__ == "__main__":
    main()
