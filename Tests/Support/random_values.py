"""Random values for a declared type: mostly what belongs there, sometimes anything that SQLite can store."""

from __future__ import annotations

import random
import uuid
from typing import Callable, Dict, List, Union

from compared_values import Text

# What a statement binds; a Text goes in through a cast, because it need not be valid.
Value = Union[None, int, float, bytes, Text]

INTEGERS = [0, 1, -1, 2, 127, 128, 255, 32767, 32768, 2**31 - 1, 2**31, -(2**31), 2**53, 2**53 + 1, -(2**53) - 1]
INTEGERS += [2**63 - 1, -(2**63), 1700000000, 1700000000000, 1700000000000000, 20240102]
REALS = [0.0, -0.0, 0.1, 0.5, 1e15, 1e16, 1e22, 1e23, 1e-5, 1e-6, 1e100, 1.7976931348623157e308, 5e-324, 2.5e-310]
REALS += [float("inf"), float("-inf"), 123456789.123, 2460000.5, 2460000.123456, 1700000000.25, 9007199254740993.0]
REALS += [9.223372036854775807e18, -1.0e19, 0.30000000000000004, 1.005, 99999999.99]
TEXTS = ["", " ", "0", "1", "t", "F", "true", "Yes", "off", "now", "today", "infinity", "-infinity", "NaN", "null"]
TEXTS += ["NULL", "\\N", "\\", "\\x00", "\\.", "\t", "\n", "\r\n", "a\tb\nc", "{}", "[1", '{"a": "\\u0000"}', "'", '"']
TEXTS += ["1.0", "1e3", " 1", "+1", "1_000", "0x10", "ß", "ẞ", "İ", "ı", "Σς", "é", "e\u0301", "😀", "\ufeff", "\u200b"]
TEXTS += ["2024-02-30", "2024-13-01", "0000-01-01", "9999-12-31", "10000-01-01", "-4713-01-01", "2024-1-2", "24:00:00"]
TEXTS += ["2024-01-02", "2024-01-02 08:00", "2024-01-02T08:00:00Z", "2024-01-02 08:00:00+02:00", "23:59:60", "12:00"]
TEXTS += ["2024-01-02 08:00:00.1234567", "2024-06-30 23:59:60", "2024-01-02 24:00:00", "08:00:00+02", "x" * 3000]
TEXTS += ["2024-01-02 08:00:00-23:59", "2024-01-02 08:00:00.", "2024-01-02  08:00:00", "0001-01-01 00:00:00+14:00"]
RAW = [b"a\0b", b"\0", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"2024-01-02\0", b"1\0", b"\xc0\x80"]
BLOBS = [b"", b"\0", b"\xff\xfe", b"text", b"\\x00", bytes(range(256)), b"1"]


def anything(dice: random.Random) -> Value:
    kind = dice.randrange(7)
    if kind == 0:
        return None
    if kind == 1:
        return dice.choice(INTEGERS)
    if kind == 2:
        return dice.choice(REALS)
    if kind == 3:
        return dice.choice(BLOBS)
    if kind == 4:
        return Text(dice.choice(RAW))
    return Text(dice.choice(TEXTS).encode())


def date(dice: random.Random) -> str:
    return f"{dice.randint(1, 9999):04}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}"


def time(dice: random.Random) -> str:
    fraction = dice.choice(["", "", "", f".{dice.randrange(1000):03}", f".{dice.randrange(10**6):06}", ".5"])
    return f"{dice.randrange(24):02}:{dice.randrange(60):02}:{dice.randrange(60):02}{fraction}"


def word(dice: random.Random) -> str:
    return "".join(dice.choice("abcXYZ äß€😀'\"\\,;%_-0123456789") for _ in range(dice.randrange(12)))


def text(make: Callable[[random.Random], str]) -> Callable[[random.Random], Value]:
    return lambda dice: Text(make(dice).encode())


def moment(dice: random.Random) -> str:
    offset = dice.choice(["", "", "", "", "Z", "+02:00", "-11:30"]) if dice.random() < 0.1 else ""
    return f"{date(dice)}{dice.choice(' T') if dice.random() < 0.1 else ' '}{time(dice)}{offset}"


def zoned(dice: random.Random) -> str:
    return f"{date(dice)} {time(dice)}{dice.choice(['Z', '+02:00', '-11:30', '+05:45'])}"


def number(dice: random.Random) -> Value:
    return dice.choice([dice.randint(-999999, 999999) / 100, dice.randint(-(10**6), 10**6), dice.uniform(-1e6, 1e6)])


def document(dice: random.Random) -> str:
    made = [f'{{"a":  {dice.randrange(99)}, "b": [1, 2.50, null]}}', f'"{dice.randrange(9)}"']
    return dice.choice([*made, "null", "[]", '{"a":1,"a":2}', "1e2"])


FITTING: Dict[str, Callable[[random.Random], Value]] = {
    "integer": lambda dice: dice.choice([dice.randint(-1000, 1000), dice.randint(-(2**63), 2**63 - 1)]),
    "boolean": lambda dice: dice.randrange(2),
    "boolean text": text(lambda dice: dice.choice(["t", "f", "true", "false", "yes", "no"])),
    "date": text(date),
    "moment": text(moment),
    "zoned": text(zoned),
    "time": text(time),
    "seconds": lambda dice: dice.randint(10**8, 4 * 10**9),
    "milliseconds": lambda dice: dice.randint(10**11, 4 * 10**12),
    "julian": lambda dice: dice.randint(1800000, 5300000) + dice.randrange(1000) / 1000,
    "cents": lambda dice: dice.randint(-999999, 999999) / 100,
    "number": number,
    "real": lambda dice: dice.choice([dice.uniform(-1e9, 1e9), dice.choice(REALS), float(dice.randrange(99))]),
    "uuid": text(lambda dice: str(uuid.UUID(int=dice.getrandbits(128)))),
    "uuid blob": lambda dice: dice.randbytes(16),
    "json": text(document),
    "blob": lambda dice: dice.randbytes(dice.randrange(40)),
    "text": text(word),
    "letters": text(lambda dice: "".join(dice.choice("abAB") for _ in range(dice.randrange(1, 5)))),
}

# Declared types with the kinds of values that belong in them.
DECLARED: Dict[str, List[str]] = {
    "INTEGER": ["integer"], "INT": ["integer", "boolean"], "BIGINT": ["integer"], "SMALLINT": ["boolean"],
    "TINYINT(1)": ["boolean"], "UNSIGNED BIG INT": ["integer"], "INT8": ["integer"],
    "BOOLEAN": ["boolean", "boolean", "boolean text"], "BOOL": ["boolean"],
    "DATE": ["date", "date", "moment", "seconds"],
    "DATETIME": ["moment", "moment", "seconds", "milliseconds", "julian"],
    "TIMESTAMP": ["moment", "zoned", "seconds"], "TIMESTAMPTZ": ["zoned", "moment"],
    "TIMESTAMP WITH TIME ZONE": ["zoned"], "TIME": ["time"],
    "DECIMAL(10,2)": ["cents", "number"], "DECIMAL(4, 2)": ["cents"], "NUMERIC": ["number", "cents"],
    "NUMERIC(20)": ["integer", "number"], "MONEY": ["cents"], "DECIMAL": ["number", "real"],
    "REAL": ["real"], "DOUBLE PRECISION": ["real", "number"], "FLOAT": ["real"],
    "UUID": ["uuid", "uuid", "uuid blob"], "GUID": ["uuid"], "JSON": ["json"], "JSONB": ["json"],
    "BLOB": ["blob"], "BINARY(16)": ["uuid blob"], "TEXT": ["text", "letters", "date"],
    "VARCHAR(5)": ["text", "letters"],
    "NVARCHAR(100)": ["text"], "CHAR(1)": ["letters"], "CLOB": ["text"], "TEXT COLLATE NOCASE": ["letters", "text"],
    "VARCHAR(20) COLLATE RTRIM": ["letters", "text"], "": ["text", "integer", "real", "blob", "moment"],
    "STRING": ["text", "number"], "Fooey(1, 2)": ["text", "integer"], "POINT": ["real"], "FLOATING POINT": ["real"],
    "ANY": ["integer", "text"], "year": ["integer"], "enum": ["letters"], '"quoted type"': ["number"],
}  # fmt: skip
STRICT = {"INTEGER", "INT", "REAL", "TEXT", "BLOB", "ANY"}
