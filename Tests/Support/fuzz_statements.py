"""Random statements over a fuzz schema, as units: what one connection does before another has its turn."""

from __future__ import annotations

import random
from typing import Callable, List, Tuple

from compared_stores import quoted
from fuzz_schema import Column, Schema, Table, keys_of

# A statement and the connection of the writer that runs it, "a" or "b".
Step = Tuple[str, str]
Unit = List[Step]

VERBS = ["INSERT", "INSERT", "INSERT OR REPLACE", "INSERT OR IGNORE", "INSERT OR ABORT", "INSERT OR FAIL"]
VERBS += ["INSERT OR ROLLBACK", "REPLACE"]
UPDATES = ["UPDATE", "UPDATE", "UPDATE OR REPLACE", "UPDATE OR IGNORE", "UPDATE OR FAIL", "UPDATE OR ROLLBACK"]


class Statements:
    def __init__(self, schema: Schema, ddl: bool = False, plant: bool = False) -> None:
        self.schema, self.ddl, self.plant = schema, ddl, plant
        self.dice = random.Random(f"statements {schema.seed}")
        self.made = 0

    def units(self, count: int) -> List[Unit]:
        units = [self.unit() for _ in range(count)]
        return [self.on_a(*self.schema.planted()), *units[1:]] if self.plant else units

    def unit(self) -> Unit:
        dice = self.dice
        unit: Unit = []
        if dice.random() < 0.4:
            unit.append(("a", f"PRAGMA foreign_keys = {dice.choice(('ON', 'OFF'))}"))
        if dice.random() < 0.4:
            unit.append(("a", f"PRAGMA recursive_triggers = {dice.choice(('ON', 'OFF'))}"))
        if self.schema.children and dice.random() < 0.12:
            return unit + self.on_a("PRAGMA foreign_keys = ON", *self.of_parent(dice.choice(self.schema.children)))
        roll = dice.random()
        if roll < 0.30:
            unit += self.on_a(self.statement())
        elif roll < 0.62:
            unit += self.transaction()
        elif roll < 0.76:
            unit += self.with_savepoints()
        elif roll < 0.84:
            unit += self.two_connections()
        elif roll < 0.92:
            unit += self.on_a(*self.swap())
        elif self.ddl and roll < 0.95:
            unit += self.on_a(*self.definition())
        else:
            unit += self.on_a(*self.housekeeping())
        return unit

    @staticmethod
    def on_a(*statements: str) -> Unit:
        return [("a", statement) for statement in statements]

    # Units

    def transaction(self) -> Unit:
        begin = self.dice.choice(("BEGIN", "BEGIN IMMEDIATE", "BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"))
        statements = [self.statement() for _ in range(self.dice.randint(1, 6))]
        return self.on_a(begin, *statements, self.end())

    def end(self) -> str:
        return self.dice.choice(("COMMIT", "COMMIT", "COMMIT", "ROLLBACK"))

    def with_savepoints(self) -> Unit:
        dice = self.dice
        unit = self.on_a(*dice.choice((["BEGIN IMMEDIATE"], [])), "SAVEPOINT one", self.statement())
        unit += self.on_a("SAVEPOINT two", self.statement(), self.statement())
        unit += self.on_a(dice.choice(("ROLLBACK TO two", "RELEASE two", "ROLLBACK TO one")), self.statement())
        unit += self.on_a(dice.choice(("RELEASE one", "ROLLBACK TO one", "RELEASE two")), self.statement())
        return unit + self.on_a(dice.choice(("RELEASE one", "COMMIT", self.end())), self.end())

    def two_connections(self) -> Unit:
        """A reader that wants to write after another wrote, and a writer that holds the lock meanwhile."""
        read = f"SELECT count(*) FROM {self.table().quoted}"
        shape = self.dice.randrange(3)
        if shape == 0:
            unit = [("a", "BEGIN"), ("a", read), ("b", self.statement()), ("a", self.statement()), ("a", self.end())]
        elif shape == 1:
            unit = [("b", "BEGIN IMMEDIATE"), ("b", self.statement()), ("a", self.statement()), ("b", self.end())]
        else:
            unit = [("b", "BEGIN"), ("b", read), ("a", self.statement()), ("a", self.statement()), ("b", "COMMIT")]
        # Nobody else ends what the other of the two holds.
        return [("a", "PRAGMA busy_timeout = 0"), *unit, ("a", "PRAGMA busy_timeout = 15000")]

    def swap(self) -> List[str]:
        """Two rows exchange a unique value, by way of a third one; keys moved by one; a key set to another row's."""
        dice, table = self.dice, self.table()
        choices = [part for part in table.unique if all(table.column(name).kind == "integer" for name in part)]
        if not choices:
            return [self.statement()]
        name = quoted(dice.choice(choices)[0])
        one, other = dice.randrange(8), dice.randrange(8)
        update = f"UPDATE {table.quoted} SET {name} ="
        shape = dice.randrange(4)
        if shape == 0:
            return [
                "BEGIN IMMEDIATE", f"{update} -1000 WHERE {name} = {one}", f"{update} {one} WHERE {name} = {other}",
                f"{update} {other} WHERE {name} = -1000", self.end(),
            ]
        if shape == 1:
            away, back = f"{update} -{name} - 1000 WHERE {name} >= 0", f"{update} -{name} - 999 WHERE {name} < 0"
            return ["BEGIN", away, back, "COMMIT"]
        if shape == 2:
            moved = f"{name} = {name} + {dice.choice((1, -1, 3))} WHERE {name} < 1000"
            return [f"{dice.choice(UPDATES)} {table.quoted} SET {moved}"]
        return [f"UPDATE OR REPLACE {table.quoted} SET {name} = {one} WHERE {name} = {other}"]

    def of_parent(self, child: Table) -> List[str]:
        """A row that another one refers to is changed: actions, and what they fire."""
        dice, parent = self.dice, child.parent
        key = ", ".join(map(quoted, parent.key))
        referring = ", ".join(f"p{number}" for number in range(len(parent.key)))
        where = f"({key}) = (SELECT {referring} FROM {child.quoted} WHERE p0 IS NOT NULL ORDER BY random() LIMIT 1)"
        columns = [column for column in parent.columns if column.kind != "generated"]
        names = ", ".join(column.quoted for column in columns)
        changed = dice.choice(keys_of(parent))
        value = dice.choice(columns)
        statement = dice.choice((
            f"DELETE FROM {parent.quoted} WHERE {where}",
            f"{dice.choice(UPDATES)} {parent.quoted} SET {changed.quoted} = {self.changed(changed)},"
            f" {value.quoted} = {self.literal(value)} WHERE {where}",
            f"REPLACE INTO {parent.quoted} ({names}) SELECT {names} FROM {parent.quoted} WHERE {where}",
        ))
        more = dice.choice(([], [self.statement()]))
        return dice.choice(([statement], ["BEGIN", statement, *more, "COMMIT"]))

    def housekeeping(self) -> List[str]:
        dice, name = self.dice, self.schema.prefix
        self.made += 1
        column = dice.choice(self.table().columns)
        table = next(table for table in self.schema.tables if column in table.columns)
        choices = [
            ["PRAGMA wal_checkpoint(TRUNCATE)"], ["PRAGMA wal_checkpoint(PASSIVE)"], ["ANALYZE"], ["REINDEX"],
            ["PRAGMA optimize"], ["PRAGMA incremental_vacuum"], ["PRAGMA shrink_memory"],
            [f"CREATE INDEX {quoted(f'{name} plain {self.made}')} ON {table.quoted} ({column.quoted})"],
            [
                f"CREATE TEMP TABLE IF NOT EXISTS {name}_temporary AS SELECT * FROM {table.quoted}",
                self.from_temporary(table),
            ],
            # Created after ours, it fires before them; what comes with it may be hidden before sync looks.
            [self.schema.trigger(100 + self.made)],
            [self.schema.trigger(100 + self.made), self.statement(), self.statement()],
            [f"DROP TRIGGER IF EXISTS {quoted(f'{name} own {dice.randrange(2)}')}"],
            ["PRAGMA wal_autocheckpoint = 0", self.statement()],
            ["PRAGMA cache_size = 1", self.statement(), self.statement()],
        ]
        if self.schema.keyed:
            choices += [["VACUUM"], ["VACUUM"]]
        return dice.choice(choices)

    def from_temporary(self, table: Table) -> str:
        names = ", ".join(column.quoted for column in table.columns if column.kind != "generated")
        verb = self.dice.choice(VERBS)
        return f"{verb} INTO {table.quoted} ({names}) SELECT {names} FROM temp.{self.schema.prefix}_temporary"

    def definition(self) -> List[str]:
        """A migration's step."""
        dice, table = self.dice, self.table()
        self.made += 1
        column = f"n{self.made}"
        values = [one for one in table.columns if one.name.startswith("v")]
        old = dice.choice(values).quoted
        return dice.choice((
            [f"ALTER TABLE {table.quoted} ADD COLUMN {column} TEXT DEFAULT 'new'"],
            [f"ALTER TABLE {table.quoted} RENAME COLUMN {old} TO {column}"],
            [f"ALTER TABLE {table.quoted} DROP COLUMN {old}"],
            [f"CREATE TABLE {self.schema.prefix}_{column} (id INTEGER PRIMARY KEY, what TEXT)",
             f"INSERT INTO {self.schema.prefix}_{column} VALUES (1, 'new')"],
            [f"DROP TABLE {table.quoted}"],
            [
                "BEGIN",
                f"CREATE TABLE {self.schema.prefix}_{column} AS SELECT * FROM {table.quoted}",
                f"DROP TABLE {table.quoted}",
                f"ALTER TABLE {self.schema.prefix}_{column} RENAME TO {table.quoted}",
                "COMMIT",
            ],
        ))

    # Statements

    def table(self) -> Table:
        return self.dice.choice(self.schema.tables)

    def statement(self) -> str:
        kinds: List[Tuple[int, Callable[[Table], str]]] = [
            (6, self.insert), (3, self.upsert), (2, self.insert_select), (6, self.update), (3, self.rekey),
            (4, self.delete), (1, self.defaults), (1, self.update_from), (1, self.by_rowid),
        ]
        weights = [weight for weight, _ in kinds]
        _, make = self.dice.choices(kinds, weights)[0]
        return make(self.table())

    def literal(self, column: Column) -> str:
        return self.schema.literal(column, self.dice)

    def written(self, table: Table) -> List[Column]:
        """The columns that an insert names: all, or without some that have a value of their own."""
        columns = [column for column in table.columns if column.kind != "generated"]
        if self.dice.random() < 0.3:
            columns = [column for column in columns if column.name in table.key or self.dice.random() < 0.6]
        if self.dice.random() < 0.25:
            columns = [column for column in columns if column.name != "id"]
        return columns or [column for column in table.columns if column.kind != "generated"][:1]

    def insert(self, table: Table) -> str:
        columns = self.written(table)
        count = self.dice.choice((1, 1, 1, 2, 4))
        rows = ", ".join(f"({', '.join(map(self.literal, columns))})" for _ in range(count))
        names = ", ".join(column.quoted for column in columns)
        return f"{self.dice.choice(VERBS)} INTO {table.quoted} ({names}) VALUES {rows}{self.returning()}"

    def returning(self) -> str:
        return " RETURNING *" if self.dice.random() < 0.1 else ""

    def upsert(self, table: Table) -> str:
        dice, columns = self.dice, self.written(table)
        names = ", ".join(column.quoted for column in columns)
        values = ", ".join(map(self.literal, columns))
        target = ""
        if table.unique and dice.random() < 0.85:
            target = f" ({', '.join(map(quoted, dice.choice(table.unique)))})"
        action = "DO NOTHING"
        if target and dice.random() < 0.75:
            changed = dice.choice(columns)
            excluded = dice.choice((f"excluded.{changed.quoted}", self.literal(changed)))
            where = dice.choice(("", "", f" WHERE {self.condition(table)}"))
            action = f"DO UPDATE SET {changed.quoted} = {excluded}{where}"
        return f"INSERT INTO {table.quoted} ({names}) VALUES ({values}) ON CONFLICT{target} {action}{self.returning()}"

    def insert_select(self, table: Table) -> str:
        columns = [column for column in table.columns if column.kind != "generated"]
        names = ", ".join(column.quoted for column in columns)
        terms = []
        for column in columns:
            moved = column.kind == "integer" and self.dice.random() < 0.5
            terms.append(f"{column.quoted} + {self.dice.choice((1, 5, 50))}" if moved else column.quoted)
        limit = f" LIMIT {self.dice.randint(1, 5)}"
        condition = self.condition(table)
        moved = [column for column in columns if column.kind == "integer"]
        small = "".join(f" AND ({column.quoted} IS NULL OR {column.quoted} < 1000000)" for column in moved)
        return (
            f"{self.dice.choice(VERBS)} INTO {table.quoted} ({names}) SELECT {', '.join(terms)} FROM {table.quoted}"
            f" WHERE ({condition}){small}{limit}"
        )

    def update(self, table: Table) -> str:
        columns = [column for column in table.columns if column.kind != "generated" and column.name not in table.key]
        chosen = self.dice.sample(columns, min(len(columns), self.dice.choice((1, 1, 2))))
        changes = ", ".join(f"{column.quoted} = {self.changed(column)}" for column in chosen)
        where = f" WHERE {self.condition(table)}" if self.dice.random() < 0.9 else ""
        return f"{self.dice.choice(UPDATES)} {table.quoted} SET {changes}{where}{self.returning()}"

    def changed(self, column: Column) -> str:
        if column.kind == "integer" and self.dice.random() < 0.4:
            return f"min({column.quoted}, 1000) + {self.dice.choice((1, -1, 10))}"
        if column.kind in ("text", "folded") and self.dice.random() < 0.3:
            name = column.quoted
            return self.dice.choice((f"upper({name})", f"lower({name})", f"substr({name}, 1, 3)"))
        return self.literal(column)

    def rekey(self, table: Table) -> str:
        if not table.key:
            return self.by_rowid(table)
        column = self.dice.choice(keys_of(table))
        return (
            f"{self.dice.choice(UPDATES)} {table.quoted} SET {column.quoted} = {self.changed(column)}"
            f" WHERE {self.condition(table)}"
        )

    def delete(self, table: Table) -> str:
        where = f" WHERE {self.condition(table)}" if self.dice.random() < 0.93 else ""
        return f"DELETE FROM {table.quoted}{where}{self.returning()}"

    def defaults(self, table: Table) -> str:
        verb = self.dice.choice(("INSERT", "INSERT OR REPLACE", "INSERT OR IGNORE"))
        return f"{verb} INTO {table.quoted} DEFAULT VALUES"

    def update_from(self, table: Table) -> str:
        other = self.table()
        columns = [column for column in table.columns if column.kind != "generated" and column.name not in table.key]
        column = self.dice.choice(columns)
        alike = [one for one in other.columns if one.kind == column.kind]
        value = f"other.{self.dice.choice(alike).quoted}" if alike else self.literal(column)
        return f"{self.dice.choice(UPDATES)} {table.quoted} SET {column.quoted} = {value} FROM {other.quoted} AS other"

    def by_rowid(self, table: Table) -> str:
        if not table.has_rowid:
            return self.delete(table)
        # A key that is not the rowid must not mind that this one moves.
        low, rowid = self.dice.randrange(8), "rowid"
        name, value = self.first(table)
        return self.dice.choice((
            f"UPDATE {table.quoted} SET {rowid} = {rowid} + 20 WHERE {rowid} = {low}",
            f"UPDATE OR REPLACE {table.quoted} SET {rowid} = {low} WHERE {rowid} = {self.dice.randrange(8)}",
            f"DELETE FROM {table.quoted} WHERE {rowid} >= (SELECT max({rowid}) FROM {table.quoted})",
            f"INSERT OR REPLACE INTO {table.quoted} ({rowid}, {name}) VALUES ({low}, {value})",
        ))

    def first(self, table: Table) -> Tuple[str, str]:
        column = next((column for column in table.columns if column.kind != "generated" and column.name != "id"), None)
        return (column.quoted, self.literal(column)) if column else ("id", "1")

    def condition(self, table: Table) -> str:
        column = self.dice.choice(table.columns)
        if column.kind == "generated":
            return f"{column.quoted} = {self.dice.randrange(4)}"
        value = self.literal(column)
        if value == "NULL":
            return f"{column.quoted} IS NULL"
        return f"{column.quoted} {self.dice.choice(('=', '=', '<', '>=', '<>', 'IS NOT'))} {value}"
