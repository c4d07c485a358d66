"""A random table of SQLite, made from a seed: names, types, keys, constraints, indexes, rows and later writes."""

from __future__ import annotations

import random
import sqlite3
from dataclasses import dataclass
from typing import List, Sequence

from compared_stores import quoted
from compared_values import Text
from random_values import DECLARED, FITTING, STRICT, Value, anything

NAMES = ["order", "user", "select", "Group", "a b", "ünï€ code", "😀", 'quo"te', "it's", "semi;colon", "per%cent"]
NAMES += ["back\\"]
NAMES += ["x" * 70, "ä" * 40, "xmin", "ctid", "tableoid", "oid", "rowid", "_rowid_", "MixedCase", "id", "value", "name"]
NAMES += ["1st", "a.b", "$1", "new", "old", "excluded", "key", "column", "left", "offset", "created_at", " lead"]
NAMES += ["tab\t"]
NAMES += ["line\nbreak", "--", "/*", "d", "t", "s", "_changeover_rowid", "XMIN", "Id", "position", "seq", "row", "data"]
CHECKS = ["length({c}) < 2000", "typeof({c}) <> 'blob'", "{c} IS NOT 5", "{c} IN (0, 1) OR length({c}) > 0 OR 1"]
CHECKS += ["{c} <> '' OR {c} IS NULL", "{c} BETWEEN -1e300 AND 1e300 OR {c} > 'a'", "NOT ({c} = 17)"]
CHECKS += ["{c} NOT LIKE 'zz%'"]
CHECKS += ["coalesce({c}, 0) <> 12345", "{c} GLOB '*' OR {c} IS NULL", "{c} = {c}", "abs({c}) >= 0 OR {c} IS NULL"]
CHECKS += ["date({c}) IS NOT '2001-01-01'", "{c} >= 0 OR {c} < 0 OR {c} IS NULL", "{c}"]
EXPRESSIONS = ["lower({c})", "length({c})", "{c} + 1", "coalesce({c}, 0)", "substr({c}, 1, 3)", "upper({c}) DESC"]
EXPRESSIONS += ["{c} COLLATE NOCASE", "typeof({c})", "abs({c})", "{c} || 'x'", "ifnull({c}, '')", "trim({c})"]
EXPRESSIONS += ["{c} IS NULL"]
EXPRESSIONS += ["CAST({c} AS INTEGER)", "CAST({c} AS TEXT)", "{c} % 7", "json_valid({c})", "-{c}", "{c} / 2", "{c} = 1"]
EXPRESSIONS += ["CASE WHEN {c} > 0 THEN 1 ELSE 0 END", "hex({c})", "{c} COLLATE RTRIM DESC", "instr({c}, 'a')"]
EXPRESSIONS += ["round({c})"]
CONDITIONS = ["{c} IS NOT NULL", "{c} > 5", "{c} = 'a'", "typeof({c}) = 'text'", "{c} IN (1, 2, 'x')", "{c}", "NOT {c}"]
CONDITIONS += ["{c} LIKE 'a%'", "length({c}) > 2", "{c} <> 0", "{c} IS TRUE", "{c} BETWEEN 1 AND 9"]
DEFAULTS = ["0", "1", "-1", "''", "'x'", "NULL", "TRUE", "FALSE", "CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME"]
DEFAULTS += ["(datetime('now'))", "(strftime('%s', 'now'))", "(1 + 1)", "x'00ff'", "1.5", "1e999"]
DEFAULTS += ["(lower(hex(randomblob(16))))"]
DEFAULTS += ["'2024-02-30'", "9223372036854775807", "-9223372036854775808", "(random())", "'{}'", "'now'", '"dq"']
DEFAULTS += ["0x1F"]
GENERATED = ["length({c})", "{c}", "{c} || '!'", "{c} + 1", "typeof({c})", "upper({c})", "CAST({c} AS REAL)"]
GENERATED += ["{c} IS NULL"]
# Tables and indexes may not be called like changeover's own.
OBJECT_NAMES = [name for name in NAMES if not name.startswith("_changeover_")]
# Tags of different seeds never meet.
TAGS = 10_000


@dataclass
class Column:
    name: str
    declared: str
    kind: str
    generated: bool = False

    @property
    def definition(self) -> str:
        return f"{quoted(self.name)} {self.declared}".rstrip()


class RandomTable:
    """One seed's table; every row has a tag of its own, by which the comparison finds it in both stores."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.dice = random.Random(seed)
        self.next_tag = 0
        # REPLACE is not captured where changeover says so when it installs its triggers.
        self.replaces = True
        dice = self.dice
        self.odd = dice.choice([0, 0, 0.01, 0.05, 0.2])
        self.later_odd = dice.choice([0, 0.02, 0.1, 0.4])
        self.name = dice.choice(OBJECT_NAMES) + (f" {seed}" if dice.random() < 0.6 else "")
        self.tag = f"tag_{seed}"
        names = list({name.lower(): name for name in dice.sample(NAMES, dice.randint(1, 7))}.values())
        self.strict = dice.random() < 0.1
        kinds = sorted(STRICT) if self.strict else list(DECLARED)
        self.columns: List[Column] = []
        for name in names:
            declared = dice.choice(kinds)
            self.columns.append(Column(name, declared, dice.choice(DECLARED[declared])))
        self.statements = [self.create_table(), *self.create_indexes()]

    def create_table(self) -> str:
        dice = self.dice
        definitions = [column.definition for column in self.columns]
        without_rowid, key = False, dice.randrange(8)
        for at, column in enumerate(self.columns):
            definitions[at] += self.constraints(column)
        if key <= 2:
            self.columns[0].declared, self.columns[0].kind = "INTEGER", "integer"
            end = ["", " AUTOINCREMENT", ""][key]
            definitions[0] = f"{quoted(self.columns[0].name)} INTEGER PRIMARY KEY{end}"
            without_rowid = key == 2 and dice.random() < 0.5
        elif key <= 5:
            chosen = dice.sample(self.columns, min(len(self.columns), dice.choice([1, 1, 2, 3])))
            parts = [quoted(column.name) + dice.choice(["", "", " DESC", " ASC"]) for column in chosen]
            without_rowid = dice.random() < 0.3
            definitions.append(f"PRIMARY KEY ({', '.join(parts)})")
        elif key == 6:
            chosen = self.columns[0]
            definitions[0] += " NOT NULL"
            definitions.append(f"UNIQUE ({quoted(chosen.name)})")
        place = dice.randrange(len(self.columns) + 1) if dice.random() < 0.5 else len(self.columns)
        definitions.insert(place, f"{self.tag} INTEGER")
        if not self.strict and dice.random() < 0.15:
            base = dice.choice(self.columns)
            expression = dice.choice(GENERATED).format(c=quoted(base.name))
            storage = dice.choice(["", "STORED", "VIRTUAL"])
            made = Column("generated", dice.choice(["", "INT", "TEXT", "REAL"]), "text", True)
            definitions.insert(place, f"{made.definition} GENERATED ALWAYS AS ({expression}) {storage}")
        if dice.random() < 0.1:
            base = dice.choice(self.columns)
            parent = f"{quoted(self.name)} ({quoted(self.columns[0].name)})"
            definitions.append(f"FOREIGN KEY ({quoted(base.name)}) REFERENCES {parent}")
        if dice.random() < 0.25:
            definitions.append(f"CHECK ({self.over(CHECKS)})")
        options = [word for word, wanted in (("WITHOUT ROWID", without_rowid), ("STRICT", self.strict)) if wanted]
        return f"CREATE TABLE {quoted(self.name)} ({', '.join(definitions)}) {', '.join(options)}".rstrip()

    def constraints(self, column: Column) -> str:
        dice, found = self.dice, ""
        if dice.random() < 0.1:
            found += " NOT NULL"
        if dice.random() < 0.05:
            found += " UNIQUE"
        if dice.random() < 0.2:
            found += f" DEFAULT {dice.choice(DEFAULTS)}"
        if dice.random() < 0.1:
            found += f" CHECK ({dice.choice(CHECKS).format(c=quoted(column.name))})"
        return found

    def over(self, pool: Sequence[str]) -> str:
        return self.dice.choice(pool).format(c=quoted(self.dice.choice(self.columns).name))

    def create_indexes(self) -> List[str]:
        dice, made = self.dice, []
        for number in range(dice.choice([0, 0, 1, 2, 3])):
            chosen = dice.sample(self.columns, min(len(self.columns), dice.choice([1, 1, 2])))
            parts = [quoted(column.name) + dice.choice(["", " DESC", " COLLATE NOCASE"]) for column in chosen]
            if dice.random() < 0.4:
                parts[0] = self.over(EXPRESSIONS)
            where = f" WHERE {self.over(CONDITIONS)}" if dice.random() < 0.3 else ""
            unique = "UNIQUE " if dice.random() < 0.2 else ""
            name = f"{dice.choice(OBJECT_NAMES)} {self.seed}.{number}"
            made.append(f"CREATE {unique}INDEX {quoted(name)} ON {quoted(self.name)} ({', '.join(parts)}){where}")
        return made

    # What is created but not taken is the generator's fault, or a rule of SQLite; such a part stays out.
    def create(self, connection: sqlite3.Connection) -> bool:
        for number, statement in enumerate(self.statements):
            try:
                connection.execute(statement)
            except sqlite3.Error:
                if number == 0:
                    return False
        return True

    def value(self, column: Column, odd: float) -> Value:
        if self.dice.random() < odd:
            return anything(self.dice)
        if self.dice.random() < 0.05:
            return None
        return FITTING[column.kind](self.dice)

    def fill(self, connection: sqlite3.Connection) -> None:
        for _ in range(self.dice.choice([0, 1, 5, 20, 40])):
            self.insert(connection, "INSERT", self.odd)

    def insert(self, connection: sqlite3.Connection, verb: str, odd: float) -> None:
        values = [self.value(column, odd) for column in self.columns]
        self.next_tag += 1
        names = ", ".join([self.tag, *(quoted(column.name) for column in self.columns)])
        marks = ", ".join(["?", *map(mark, values)])
        statement = f"{verb} INTO {quoted(self.name)} ({names}) VALUES ({marks})"
        attempt(connection, statement, [self.seed * TAGS + self.next_tag, *values])

    def change(self, connection: sqlite3.Connection) -> None:
        """Random writes, key changes and REPLACE among them."""
        dice = self.dice
        for _ in range(dice.choice([3, 10, 30])):
            kind = dice.randrange(10)
            if kind < 3:
                self.insert(connection, "INSERT", self.later_odd)
            elif kind < 5:
                self.insert(connection, "INSERT OR REPLACE" if self.replaces else "INSERT", self.later_odd)
            elif kind < 8:
                column = dice.choice(self.columns)
                value = self.value(column, self.later_odd)
                verb = dice.choice(["UPDATE", "UPDATE OR REPLACE"]) if self.replaces else "UPDATE"
                statement = f"{verb} {quoted(self.name)} SET {quoted(column.name)} ="
                attempt(connection, f"{statement} {mark(value)} WHERE {self.tag} = ?", [value, self.some_tag()])
            elif kind == 8:
                attempt(connection, f"DELETE FROM {quoted(self.name)} WHERE {self.tag} = ?", [self.some_tag()])
            else:
                name = quoted(dice.choice(self.columns).name)
                low = self.some_tag()
                statement = f"UPDATE {quoted(self.name)} SET {name} = {name} || '' WHERE {self.tag} BETWEEN ? AND ?"
                attempt(connection, statement, [low, low + 3])

    def some_tag(self) -> int:
        return self.seed * TAGS + self.dice.randint(1, max(self.next_tag, 1))


def mark(value: Value) -> str:
    return "CAST(? AS TEXT)" if type(value) is Text else "?"


def attempt(connection: sqlite3.Connection, statement: str, values: List[Value]) -> None:
    """Runs it, unless a constraint is against it."""
    try:
        connection.execute(statement, [bytes(value) if type(value) is Text else value for value in values])
    except (sqlite3.IntegrityError, sqlite3.OperationalError, sqlite3.DataError):
        pass
