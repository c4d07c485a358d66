"""Values as SQLite stores them and as PostgreSQL's binary format carries them, and when the two are the same."""

from __future__ import annotations

import hashlib
import os
import struct
from typing import Callable, Dict, Iterable, Optional, Tuple, Union


class Text(bytes):
    """A TEXT value, byte for byte; its type tells it from a BLOB."""


SourceValue = Union[None, int, float, Text, bytes]
Row = Tuple[SourceValue, ...]
# A value as PostgreSQL's binary format carries it; None is NULL.
Field = Optional[bytes]

LENGTH = struct.Struct(">i")
BIGINT = struct.Struct(">q")
DOUBLE = struct.Struct(">d")
NULL_LENGTH = LENGTH.pack(-1)
# Stands for a value that its target column cannot hold: equal to nothing that PostgreSQL sends.
UNFIT = os.urandom(16)


def as_bigint(value: SourceValue) -> Field:
    if value is None:
        return None
    return BIGINT.pack(value) if type(value) is int else UNFIT


def as_double(value: SourceValue) -> Field:
    if value is None:
        return None
    if type(value) is float:
        return DOUBLE.pack(value)
    if type(value) is int and float(value) == value:
        return DOUBLE.pack(float(value))
    return UNFIT


def as_text(value: SourceValue) -> Field:
    if value is None or type(value) is Text:
        return value
    if type(value) is bytes:
        return b"\\x" + value.hex().encode()
    return repr(value).encode()


def as_bytea(value: SourceValue) -> Field:
    return value if value is None or type(value) is bytes else UNFIT


ENCODERS: Dict[str, Callable[[SourceValue], Field]] = {
    "bigint": as_bigint,
    "double precision": as_double,
    "text": as_text,
    "bytea": as_bytea,
}


def same(value: SourceValue, type_name: str, seen: Field) -> bool:
    """Whether the target's field is the source's value; a real in a text column may be spelled in another way."""
    if ENCODERS[type_name](value) == seen:
        return True
    if type_name != "text" or type(value) is not float or seen is None:
        return False
    try:
        return DOUBLE.pack(float(seen)) == DOUBLE.pack(value)
    except ValueError:
        return False


def decode(seen: Field, type_name: str) -> SourceValue:
    if seen is None:
        return None
    if type_name == "bigint":
        return BIGINT.unpack(seen)[0]
    if type_name == "double precision":
        return DOUBLE.unpack(seen)[0]
    return Text(seen) if type_name == "text" else seen


def show(value: SourceValue) -> str:
    if value is None:
        return "NULL"
    if type(value) is Text:
        shown = repr(value.decode("utf-8", "backslashreplace"))
    elif type(value) is bytes:
        shown = f"x'{value.hex()}'"
    else:
        shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}…"


def framed(fields: Iterable[Field]) -> bytes:
    return b"".join(NULL_LENGTH if item is None else LENGTH.pack(len(item)) + item for item in fields)


def digest(fields: Iterable[Field]) -> int:
    return int.from_bytes(hashlib.blake2b(framed(fields), digest_size=16).digest(), "big")


def unspelled(seen: Field) -> Field:
    """A text key without the spelling of its number, so that a real finds its text whatever its form."""
    if seen is None:
        return None
    try:
        return repr(float(seen)).encode()
    except ValueError:
        return seen
