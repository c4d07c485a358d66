"""What the three roles of the shop write. Each returns what its transaction wrote, to be acknowledged after COMMIT.

Every row has one role that writes it (only the office takes orders of the sales away), so the acknowledgements in
their order tell what a store must hold.
"""

from __future__ import annotations

import random
from datetime import datetime, timezone
from typing import Any, Dict, List, Optional, Tuple

import opening
from stores import Store

# A table, the row's key, and the row's other columns; None for a row that was deleted.
Write = Tuple[str, List[Any], Optional[Dict[str, Any]]]


def now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")


class Role:
    name: str
    # Transactions a second.
    rate: float

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def transaction(self, store: Store, number: int) -> List[Write]:
        """Runs the statements of a transaction; its number goes up with every acknowledged one."""
        raise NotImplementedError

    def event(self, store: Store, number: int, what: str) -> Write:
        row = {"at": now(), "what": what}
        store.insert("events", {"actor": self.name, "number": number, **row})
        return "events", [self.name, number], row


class Sales(Role):
    """Takes orders: the order, its lines, then the order's total."""

    name = "sales"
    rate = 150

    def transaction(self, store: Store, number: int) -> List[Write]:
        order = {
            "customer": self.chance.choice(opening.CUSTOMERS),
            "status": "open",
            "total_cents": 0,
            "weight_kg": self.chance.random() * 9,
            "tax_rate": self.chance.choice(opening.TAX_RATES),
            "paid": self.chance.random() < 0.5,
            "created_at": now(),
        }
        order_number = f"B-{number:06d}"
        order_id = store.insert_numbered("orders", {"order_number": order_number, **order})
        writes = [self.line(store, order_id, line) for line in range(1, self.chance.randint(1, 4) + 1)]
        order["total_cents"] = sum(row["quantity"] * row["price_cents"] for _, _, row in writes)
        store.execute("UPDATE orders SET total_cents = ? WHERE id = ?", [order["total_cents"], order_id])
        return [("orders", [order_number], order), *writes, self.event(store, number, f"sold {order_number}")]

    def line(self, store: Store, order_id: int, line: int) -> Write:
        row = {
            "sku": opening.sku(self.chance.randrange(opening.ITEMS)),
            "quantity": self.chance.randint(1, 9),
            "price_cents": self.chance.randrange(100, 9_900),
        }
        store.insert("order_lines", {"order_id": order_id, "line_no": line, **row})
        return "order_lines", [order_id, line], row


class Warehouse(Role):
    """Picks stock, takes in new items by upsert, and now and then counts an item again (REPLACE)."""

    name = "warehouse"
    rate = 200

    def transaction(self, store: Store, number: int) -> List[Write]:
        # One in twenty is an item that the shop did not have before.
        item = opening.ITEMS + number if number % 20 == 0 else self.chance.randrange(opening.ITEMS)
        sku, delta = opening.sku(item), self.chance.randint(-5, 9)
        if number % 10 == 1:
            stock = self.recount(store, sku)
        else:
            stock = self.move(store, sku, delta)
        movement = {"sku": sku, "delta": delta, "reason": "pick" if delta < 0 else None, "at": now()}
        scan = self.chance.getrandbits(64).to_bytes(8, "big")
        movement_id = store.insert_numbered("inventory_transactions", {"scan": scan, **movement})
        movement["scan"] = "\\x" + scan.hex()
        return [
            ("inventory", [sku], stock),
            ("inventory_transactions", [movement_id], movement),
            self.event(store, number, f"moved {delta} of {sku}"),
        ]

    def recount(self, store: Store, sku: str) -> Dict[str, Any]:
        row = {
            "name": f"Counted {sku}",
            "on_hand": self.chance.randrange(1000),
            "weight_kg": self.chance.random() * 20,
            "counted_at": now(),
        }
        store.replace("inventory", "sku", {"sku": sku, **row})
        return {"on_hand": row["on_hand"], "counted_at": row["counted_at"]}

    def move(self, store: Store, sku: str, delta: int) -> Dict[str, Any]:
        counted_at = now()
        store.execute(
            "INSERT INTO inventory (sku, name, on_hand, weight_kg, counted_at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (sku) DO UPDATE"
            " SET on_hand = inventory.on_hand + excluded.on_hand, counted_at = excluded.counted_at",
            [sku, f"Item {sku}", delta, self.chance.random() * 20, counted_at],
        )
        on_hand = store.value("SELECT on_hand FROM inventory WHERE sku = ?", [sku])
        return {"on_hand": int(on_hand), "counted_at": counted_at}


class Office(Role):
    """Flips workflow controls, measures KPIs (REPLACE through a UNIQUE name), and cancels orders."""

    name = "office"
    rate = 150

    def transaction(self, store: Store, number: int) -> List[Write]:
        action = self.chance.choices((self.flip, self.measure, self.cancel), weights=(4, 4, 2))[0]
        return [*action(store), self.event(store, number, action.__name__)]

    def flip(self, store: Store) -> List[Write]:
        name, changed_at = opening.control(self.chance.randrange(opening.CONTROLS)), now()
        store.execute(
            "UPDATE workflow_controls SET enabled = NOT enabled, changed_by = ?, changed_at = ? WHERE name = ?",
            [self.name, changed_at, name],
        )
        enabled = store.value("SELECT CASE WHEN enabled THEN 'yes' END FROM workflow_controls WHERE name = ?", [name])
        row = {"enabled": enabled == "yes", "changed_by": self.name, "changed_at": changed_at}
        return [("workflow_controls", [name], row)]

    def measure(self, store: Store) -> List[Write]:
        name = opening.kpi(self.chance.randrange(opening.KPIS))
        row = {"value": self.chance.gauss(0, 1e6), "measured_at": now()}
        store.replace("kpis", "name", {"name": name, **row})
        return [("kpis", [name], row)]

    def cancel(self, store: Store) -> List[Write]:
        # Never the newest: SQLite would give its id to the next order, and its lines would be acknowledged twice.
        newest = store.value("SELECT max(id) FROM orders")
        order_id = self.chance.randint(1, int(newest) - 1)
        order_number = store.value("SELECT order_number FROM orders WHERE id = ?", [order_id])
        if order_number is None:
            return []
        lines = store.value("SELECT max(line_no) FROM order_lines WHERE order_id = ?", [order_id])
        store.execute("DELETE FROM order_lines WHERE order_id = ?", [order_id])
        store.execute("DELETE FROM orders WHERE id = ?", [order_id])
        gone = [("order_lines", [order_id, line], None) for line in range(1, int(lines) + 1)]
        return [("orders", [order_number], None), *gone]
