#!/usr/bin/env python3
"""Writes random doubles with every kind of exponent to a SQLite file, and prints the MD5 of their bits.

    random_doubles.py FILE FIRST COUNT SEED      rows FIRST + 1 … FIRST + COUNT of the table `d (id, r, u)`
"""

from __future__ import annotations

import hashlib
import math
import random
import sqlite3
import struct
import sys

NAMED = [0.1 + 0.2, math.inf, -math.inf, 5e-324, -5e-324, 2.2250738585072014e-308, sys.float_info.max, 1e16, 1 / 3]


def main() -> None:
    file, first, count, seed = sys.argv[1], *map(int, sys.argv[2:5])
    dice = random.Random(seed)
    values = list(NAMED)
    while len(values) < count:
        (value,) = struct.unpack(">d", struct.pack(">Q", dice.getrandbits(64)))
        if not math.isnan(value):
            values.append(value)
    connection = sqlite3.connect(file, isolation_level=None, timeout=30)
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO d VALUES (?, ?, ?)", ((first + at, value, value) for at, value in enumerate(values, 1))
    )
    connection.execute("COMMIT")
    print(hashlib.md5("".join(struct.pack(">d", value).hex() for value in values).encode()).hexdigest())


if __name__ == "__main__":
    main()
