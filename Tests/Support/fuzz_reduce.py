"""Reduces a list to a part of it for which a condition still holds, by leaving out ever smaller pieces."""

from __future__ import annotations

from typing import Callable, List, TypeVar

Item = TypeVar("Item")


def reduced(items: List[Item], holds: Callable[[List[Item]], bool]) -> List[Item]:
    """No single item of what is returned can be left out, unless `holds` was not asked any more (it says no then)."""
    size = max(len(items) // 2, 1)
    while items:
        at, shorter = len(items), False
        while at > 0:
            at = max(at - size, 0)
            without = items[:at] + items[at + size :]
            if len(without) < len(items) and holds(without):
                items, shorter = without, True
        if size == 1 and not shorter:
            break
        size = max(size // 2, 1)
    return items
