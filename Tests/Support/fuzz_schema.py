"""A small random schema of SQLite with its first rows, made from a seed: what the fuzzer's statements work on.

Unlike random_tables.py, which tries every value, all values here fit the types that their columns get on the target: a
row in the quarantine is a failure. What is tried is what happens to rows: keys, conflicts, cascades, triggers.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import List, Optional, Tuple

from compared_stores import quoted

WORDS = ["", "a", "A", "b", "B", "ab", "Ab", "AB", "c d", "it''s", "x", "ÄÖ", "😀", "zz", "0", "1", "long " * 12]
# Where equality ignores case, letters beyond ASCII would be told apart by one store and not by the other.
FOLDABLE = ["a", "A", "b", "B", "ab", "Ab", "aB", "AB", "c", "C d", "c D", "q1", "Q1"]
REALS = ["0.5", "1.25", "-3.0", "1e300", "0.1", "2.5e-310", "99.99", "-0.0"]
CONFLICTS = ["", "", "", " ON CONFLICT REPLACE", " ON CONFLICT IGNORE", " ON CONFLICT FAIL", " ON CONFLICT ROLLBACK"]
ACTIONS = ["CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION"]


@dataclass
class Column:
    name: str
    # integer, text, folded (text compared by NOCASE), real, blob or mixed
    kind: str
    definition: str
    not_null: bool = False

    @property
    def quoted(self) -> str:
        return quoted(self.name)


@dataclass
class Table:
    name: str
    columns: List[Column]
    key: List[str]
    suffix: str = ""
    constraints: List[str] = field(default_factory=list)
    # Column lists of UNIQUE constraints and plain UNIQUE indexes: what an upsert may name.
    unique: List[List[str]] = field(default_factory=list)
    parent: Optional[Table] = None
    has_rowid: bool = True

    @property
    def quoted(self) -> str:
        return quoted(self.name)

    @property
    def create(self) -> str:
        parts = [f"{column.quoted} {column.definition}".rstrip() for column in self.columns] + self.constraints
        return f"CREATE TABLE {self.quoted} ({', '.join(parts)}){self.suffix}"

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


class Schema:
    """The tables of a seed; `statements` make them, with their first rows.

    Where nothing may be without a key (`keyed`), VACUUM may come. Where nothing of it says FAIL (`fails`), changeover has
    no triggers that log before a row is changed.
    """

    def __init__(self, seed: int, keyed: bool, fails: bool) -> None:
        self.seed, self.keyed, self.fails = seed, keyed, fails
        self.dice = random.Random(f"schema {seed}")
        self.prefix = f"t{seed}"
        self.tables: List[Table] = []
        for number in range(self.dice.choice((1, 2, 2, 3))):
            self.tables.append(self.table(f"{self.prefix}_{'abc'[number]}"))
        self.log = Table(
            f"{self.prefix}_log",
            [Column("id", "integer", "INTEGER PRIMARY KEY"), Column("what", "text", "TEXT"), Column("at", "mixed", "")],
            ["id"],
        )
        self.indexes: List[str] = []
        for table in self.tables:
            self.add_indexes(table)
        self.triggers = [self.trigger(number) for number in range(self.dice.choice((0, 0, 1, 2)))]
        if self.fails and self.children and self.dice.random() < 0.7:
            self.triggers.append(self.failing(quoted(f"{self.prefix} failing")))
        self.statements = [table.create for table in (*self.tables, self.log)] + self.indexes
        for table in (*self.tables, self.log):
            self.statements += self.first_rows(table)
        # After the rows: those that a column's type follows from are to stay.
        self.statements += self.triggers

    @property
    def children(self) -> List[Table]:
        return [table for table in self.tables if table.parent]

    # Tables

    def conflict(self) -> str:
        chosen = self.dice.choice(CONFLICTS)
        return chosen if self.fails or not chosen.endswith("FAIL") else ""

    def table(self, name: str) -> Table:
        dice = self.dice
        if dice.random() < 0.15:
            name = f"{name} {dice.choice(['order', 'ü', 'X.y'])}"
        table = Table(name, [], [])
        kinds = ["rowid", "rowid", "auto", "text", "folded", "pair", "pair without", "text without", "desc", "unique"]
        kinds += ["real"]
        if not self.keyed:
            kinds += ["none", "none", "none"]
        self.add_key(table, dice.choice(kinds))
        for number in range(dice.randint(1, 4)):
            table.columns.append(self.value_column(f"v{number}", table))
        if self.tables and dice.random() < 0.6:
            self.add_parent(table, dice.choice(self.tables))
        if dice.random() < 0.12:
            base = dice.choice(table.columns)
            definition = f"INT AS (length({base.quoted})) {dice.choice(('STORED', ''))}"
            table.columns.append(Column("made", "generated", definition))
        return table

    def add_key(self, table: Table, kind: str) -> None:
        add = lambda name, kind, definition: table.columns.append(Column(name, kind, definition, True))
        conflict = self.conflict()
        if kind in ("rowid", "auto", "desc"):
            end = {"rowid": conflict, "auto": " AUTOINCREMENT", "desc": " DESC"}[kind]
            # DESC makes it an ordinary key, which takes NULL unless it is told not to.
            add("id", "integer", f"INTEGER PRIMARY KEY{end}" + (" NOT NULL" if kind == "desc" else ""))
            table.key = ["id"]
        elif kind in ("text", "text without", "folded", "real"):
            declared = {"folded": "TEXT COLLATE NOCASE", "real": "REAL"}.get(kind, "TEXT")
            add("k", kind.split()[0], f"{declared} NOT NULL PRIMARY KEY{conflict}")
            table.key = ["k"]
        elif kind.startswith("pair"):
            add("i", "integer", "INTEGER NOT NULL")
            add("k", "text", "TEXT NOT NULL")
            order = self.dice.choice((["i", "k"], ["k", "i"]))
            table.constraints.append(f"PRIMARY KEY ({', '.join(order)}){conflict}")
            table.key = ["i", "k"]
        elif kind == "unique":
            add("u", "integer", f"INTEGER NOT NULL UNIQUE{conflict}")
            table.key = ["u"]
        if kind.endswith("without"):
            table.suffix, table.has_rowid = " WITHOUT ROWID", False
        if table.key:
            table.unique.append(list(table.key))

    def value_column(self, name: str, table: Table) -> Column:
        dice = self.dice
        kind = dice.choice(("integer", "integer", "text", "text", "folded", "real", "blob", "mixed"))
        declared = {"integer": "INTEGER", "text": "TEXT", "folded": "TEXT COLLATE NOCASE", "real": "REAL"}
        declared["blob"] = "BLOB"
        definition = declared.get(kind, "")
        not_null = False
        if kind in ("integer", "text") and dice.random() < 0.15:
            default = {"integer": str(dice.randrange(5)), "text": "'a'"}[kind]
            definition += f" NOT NULL{self.conflict()} DEFAULT {default}"
            not_null = True
        elif kind == "integer" and dice.random() < 0.2:
            definition += f" DEFAULT {dice.randrange(5)}"
        if kind not in ("mixed", "real") and dice.random() < 0.25:
            definition += f" UNIQUE{self.conflict()}"
            table.unique.append([name])
        if kind == "integer" and dice.random() < 0.15:
            definition += f" CHECK ({name} IS NULL OR {name} < 90)"
        return Column(name, kind, definition, not_null)

    def add_parent(self, table: Table, parent: Table) -> None:
        dice = self.dice
        # A key that SQLite may enforce: as many columns, of the same kind, as the parent's.
        names = []
        for number, name in enumerate(parent.key):
            column = parent.column(name)
            declared = {"integer": "INTEGER", "real": "REAL", "folded": "TEXT COLLATE NOCASE"}.get(column.kind, "TEXT")
            table.columns.append(Column(f"p{number}", column.kind, declared))
            names.append(f"p{number}")
        if not names:
            return
        deferred = dice.choice(("", "", " DEFERRABLE INITIALLY DEFERRED"))
        table.constraints.append(
            f"FOREIGN KEY ({', '.join(names)}) REFERENCES {parent.quoted} ({', '.join(parent.key)})"
            f" ON DELETE {dice.choice(ACTIONS)} ON UPDATE {dice.choice(ACTIONS)}{deferred}"
        )
        table.parent = parent

    def add_indexes(self, table: Table) -> None:
        dice = self.dice
        plain = [column for column in table.columns if column.kind in ("integer", "text", "folded")]
        for number in range(dice.choice((0, 0, 1, 2))):
            if not plain:
                return
            column, name = dice.choice(plain), quoted(f"{table.name} i{number}")
            what, where = column.quoted, ""
            shape = dice.randrange(6)
            if shape == 0:
                where = f" WHERE {column.quoted} IS NOT NULL"
            elif shape == 1 and column.kind == "integer":
                where = f" WHERE {column.quoted} > 5"
            elif shape == 2 and column.kind in ("text", "folded"):
                # Only where all letters fold alike in both stores.
                column.kind = "folded"
                what = f"lower({column.quoted})"
            elif shape == 3 and column.kind == "integer":
                what = f"{column.quoted} % 50"
            elif shape == 4 and len(plain) > 1:
                other = dice.choice([one for one in plain if one is not column])
                what = f"{column.quoted}, {other.quoted}"
                table.unique.append([column.name, other.name])
            else:
                table.unique.append([column.name])
            unique = "UNIQUE " if dice.random() < 0.7 else ""
            if not unique and table.unique and table.unique[-1][0] == column.name and shape >= 4:
                table.unique.pop()
            self.indexes.append(f"CREATE {unique}INDEX {name} ON {table.quoted} ({what}){where}")

    def trigger(self, number: int) -> str:
        """A trigger of the application's own, with effects that are captured as any other write.

        One that is created after ours fires before them, until sync has seen it: what it hides must arrive all the same.
        """
        dice = self.dice
        name = quoted(f"{self.prefix} own {number}")
        if self.fails and self.children and dice.random() < 0.1:
            return self.failing(name)
        table, other = dice.choice(self.tables), dice.choice(self.tables)
        event = dice.choice(("INSERT", "UPDATE", "DELETE"))
        row = "OLD" if event == "DELETE" else "NEW"
        column = dice.choice(table.columns)
        effects = [
            f"INSERT INTO {self.log.quoted} (what, at) VALUES ('{event.lower()} {number}', {row}.{column.quoted});",
            f"DELETE FROM {self.log.quoted} WHERE id = (SELECT min(id) FROM {self.log.quoted});",
            f"INSERT OR REPLACE INTO {self.log.quoted} (id, what) VALUES (abs(random()) % 5, 'again {number}');",
        ]
        integers = [one for one in other.columns if one.kind == "integer" and one.name.startswith("v")]
        if integers:
            chosen = dice.choice(integers).quoted
            effects.append(f"UPDATE OR IGNORE {other.quoted} SET {chosen} = {chosen} + 1 WHERE {chosen} < 20;")
            effects.append(f"UPDATE OR REPLACE {other.quoted} SET {chosen} = 3 WHERE {chosen} = 7;")
        if event == "INSERT" and table.key:
            same = " AND ".join(f"{quoted(part)} IS NEW.{quoted(part)}" for part in table.key)
            effects.append(f"UPDATE {table.quoted} SET {self.settable(table)} WHERE {same};")
            effects.append(f"DELETE FROM {table.quoted} WHERE {same} AND abs(random()) % 4 = 0;")
        time = dice.choice(("AFTER", "AFTER", "BEFORE"))
        when = dice.choice(("", "", f" WHEN {row}.{column.quoted} IS NOT NULL"))
        body = " ".join(dice.sample(effects, dice.randint(1, 2)))
        if dice.random() < 0.3:
            raised = dice.choice(("IGNORE", "ABORT, 'own'", "FAIL, 'own'", "ROLLBACK, 'own'"))
            if not self.fails and raised.startswith("FAIL"):
                raised = "ABORT, 'own'"
            body += f" SELECT RAISE({raised}) WHERE abs(random()) % 5 = 0;"
        return f"CREATE TRIGGER {name} {time} {event} ON {table.quoted}{when} BEGIN {body} END"

    def failing(self, name: str) -> str:
        """Where a foreign key's action fires it, the parent's row stays changed, and no AFTER trigger of it runs."""
        dice = self.dice
        when = f"{dice.choice(('BEFORE', 'AFTER', 'AFTER'))} {dice.choice(('UPDATE', 'DELETE'))}"
        raised = "SELECT RAISE(FAIL, 'own') WHERE abs(random()) % 2 = 0;"
        return f"CREATE TRIGGER {name} {when} ON {dice.choice(self.children).quoted} BEGIN {raised} END"

    def planted(self) -> List[str]:
        """A trigger that takes deletes out of the change table: changes are missed."""
        return [
            f"CREATE TRIGGER {quoted(f'{self.prefix} planted')} BEFORE INSERT ON _changeover_change WHEN NEW.op = 3"
            " BEGIN SELECT RAISE(IGNORE); END"
        ]

    def settable(self, table: Table) -> str:
        values = [one for one in table.columns if one.name.startswith("v")]
        column = self.dice.choice(values)
        return f"{column.quoted} = {self.literal(column, self.dice)}"

    # Values

    def first_rows(self, table: Table) -> List[str]:
        """The first three differ in whatever may be unique, and hold three classes in each column without a type, which
        becomes text by that and takes anything."""
        found = []
        columns = [column for column in table.columns if column.kind != "generated"]
        names = ", ".join(column.quoted for column in columns)
        for number in range(self.dice.choice((3, 10, 30))):
            values = ", ".join(self.sample(column, number) for column in columns)
            found.append(f"INSERT OR IGNORE INTO {table.quoted} ({names}) VALUES ({values})")
        return found

    def sample(self, column: Column, number: int) -> str:
        if number < 3:
            # Different ones, whatever must be unique.
            return {
                "mixed": ("'text'", "7", "x'00ff'")[number],
                "integer": str(number),
                "text": f"'t{number}'",
                "folded": f"'f{number}'",
                "real": f"{number}.5",
                "blob": f"x'0{number}'",
            }[column.kind]
        return self.literal(column, self.dice)

    def literal(self, column: Column, dice: random.Random) -> str:
        if not column.not_null and dice.random() < 0.08:
            return "NULL"
        kind = column.kind
        if kind == "mixed":
            kind = dice.choice(("integer", "text", "real", "blob"))
        if kind == "integer":
            large = dice.choice((2**53 + 1, -(2**62)))
            return str(dice.choice((dice.randrange(12), dice.randrange(100), dice.randrange(-3, 3), large)))
        if kind == "text":
            return f"'{dice.choice(WORDS)}'"
        if kind == "folded":
            return f"'{dice.choice(FOLDABLE)}'"
        if kind == "real":
            return dice.choice(REALS)
        return f"x'{dice.choice(('', '00', 'ff', '00ff', '61'))}'"


def keys_of(table: Table) -> Tuple[Column, ...]:
    return tuple(table.column(name) for name in table.key)
