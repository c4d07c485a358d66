"""Values as SQLite stores them and as PostgreSQL's binary format carries them, and when the two are the same."""

from __future__ import annotations

import datetime
import decimal
import hashlib
import json
import os
import re
import struct
import uuid
from typing import Callable, Dict, Iterable, List, Optional, Tuple, Union


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


def as_jsonb(value: SourceValue) -> Field:
    """Never what the server sends byte for byte, unless by chance: `same` compares what is meant."""
    if value is None:
        return None
    return b"\x01" + value if type(value) is Text else UNFIT


def meant(document: bytes) -> object:
    """What a JSON text says, truth told from 1; ValueError where it is none, or has a key twice in an object."""

    def members(pairs: List[Tuple[str, object]]) -> object:
        named = dict(pairs)
        if len(named) < len(pairs):
            raise ValueError("a key twice")
        return named

    def told(value: object) -> object:
        if isinstance(value, dict):
            return {name: told(member) for name, member in value.items()}
        if isinstance(value, list):
            return [told(member) for member in value]
        return ("truth", value) if isinstance(value, bool) else value

    return told(json.loads(document, parse_float=decimal.Decimal, object_pairs_hook=members))


def same_json(value: bytes, seen: bytes) -> bool:
    try:
        return meant(value) == meant(seen)
    except ValueError:
        return False


def as_short(form: str) -> Callable[[SourceValue], Field]:
    def encode(value: SourceValue) -> Field:
        if value is None:
            return None
        try:
            return struct.pack(form, value) if type(value) is int else UNFIT
        except struct.error:
            return UNFIT

    return encode


def as_boolean(value: SourceValue) -> Field:
    if value is None:
        return None
    if type(value) is int:
        return bytes([value]) if value in (0, 1) else UNFIT
    if type(value) is Text and value.lower() in (b"t", b"true", b"y", b"yes", b"on", b"1"):
        return b"\x01"
    if type(value) is Text and value.lower() in (b"f", b"false", b"n", b"no", b"off", b"0"):
        return b"\x00"
    return UNFIT


def decimal_of(value: SourceValue) -> Optional[decimal.Decimal]:
    try:
        if type(value) in (int, float):
            return decimal.Decimal(repr(value))
        return decimal.Decimal(value.decode()) if type(value) is Text else None
    except (decimal.InvalidOperation, UnicodeDecodeError):
        return None


def as_numeric(value: SourceValue) -> Field:
    """PostgreSQL's digits to the base 10,000, with the scale that the value is written with."""
    if value is None:
        return None
    number = decimal_of(value)
    if number is None or not number.is_finite():
        return UNFIT
    sign, digits, exponent = number.as_tuple()
    scale = max(-exponent, 0)
    text = "".join(map(str, digits)) + "0" * max(exponent, 0)
    text = text.rjust(scale + 1, "0")
    whole, part = text[: len(text) - scale], text[len(text) - scale :]
    whole = whole.rjust(-(-len(whole) // 4) * 4, "0")
    part = part.ljust(-(-len(part) // 4) * 4, "0")
    groups = [int((whole + part)[at : at + 4]) for at in range(0, len(whole + part), 4)]
    weight = len(whole) // 4 - 1
    while groups and groups[0] == 0:
        groups, weight = groups[1:], weight - 1
    while groups and groups[-1] == 0:
        groups.pop()
    if not groups:
        sign = weight = 0
    return struct.pack(f">hhHh{len(groups)}h", len(groups), weight, 0x4000 if sign else 0, scale, *groups)


def numeric_value(seen: bytes) -> Optional[decimal.Decimal]:
    count, weight, sign, _ = struct.unpack_from(">hhHh", seen)
    if sign not in (0, 0x4000):
        return None
    with decimal.localcontext() as context:
        context.prec = 20_000
        number = decimal.Decimal(0)
        for at, group in enumerate(struct.unpack_from(f">{count}h", seen, 8)):
            number += decimal.Decimal(group).scaleb(4 * (weight - at))
        return -number if sign else number


EPOCH = datetime.datetime(2000, 1, 1)
MICROSECOND = datetime.timedelta(microseconds=1)


# Digits of a fraction that no microsecond holds, and that Python cuts off.
FINER = re.compile(rb"[.,]\d{6}0*[1-9]")


def moment(value: SourceValue) -> Optional[datetime.datetime]:
    """The moment that a text in ISO 8601 names, or a number by its size."""
    unix = datetime.datetime(1970, 1, 1)
    if type(value) is Text:
        if FINER.search(value):
            return None
        try:
            return datetime.datetime.fromisoformat(value.decode().strip().replace("Z", "+00:00"))
        except ValueError:
            return None
    if type(value) is float and 1.7e6 < value < 5.4e6:
        return unix + round((value - 2440587.5) * 86_400_000_000) * MICROSECOND
    if type(value) in (int, float):
        for least, factor in ((1e14, 1), (1e11, 1_000), (1e8, 1_000_000)):
            if value >= least:
                return unix + round(value * factor) * MICROSECOND
    return None


def as_timestamp(value: SourceValue) -> Field:
    if value is None:
        return None
    found = moment(value)
    return UNFIT if found is None or found.tzinfo else BIGINT.pack((found - EPOCH) // MICROSECOND)


def as_timestamptz(value: SourceValue) -> Field:
    if value is None:
        return None
    found = moment(value)
    if found is None:
        return UNFIT
    if found.tzinfo:
        found = found.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    return BIGINT.pack((found - EPOCH) // MICROSECOND)


def as_date(value: SourceValue) -> Field:
    if value is None:
        return None
    found = moment(value)
    if found is None or found.time() != datetime.time():
        return UNFIT
    return struct.pack(">i", (found.replace(tzinfo=None) - EPOCH).days)


def as_time(value: SourceValue) -> Field:
    if value is None:
        return None
    try:
        precise = type(value) is Text and not FINER.search(value)
        found = datetime.time.fromisoformat(value.decode()) if precise else None
    except ValueError:
        found = None
    if found is None or found.tzinfo:
        return UNFIT
    seconds = (found.hour * 60 + found.minute) * 60 + found.second
    return BIGINT.pack(seconds * 1_000_000 + found.microsecond)


def as_uuid(value: SourceValue) -> Field:
    if value is None:
        return None
    try:
        if type(value) is Text:
            return uuid.UUID(value.decode()).bytes
    except ValueError:
        return UNFIT
    return value if type(value) is bytes and len(value) == 16 else UNFIT


ENCODERS: Dict[str, Callable[[SourceValue], Field]] = {
    "bigint": as_bigint,
    "double precision": as_double,
    "text": as_text,
    "bytea": as_bytea,
    "smallint": as_short(">h"),
    "integer": as_short(">i"),
    "boolean": as_boolean,
    "numeric": as_numeric,
    "date": as_date,
    "time without time zone": as_time,
    "timestamp without time zone": as_timestamp,
    "timestamp with time zone": as_timestamptz,
    "uuid": as_uuid,
    "json": as_text,
    "jsonb": as_jsonb,
    "character varying": as_text,
    "citext": as_text,
}


def same(value: SourceValue, type_name: str, seen: Field) -> bool:
    """Whether the target's field is the source's value; a real in a text column may be spelled in another way."""
    if ENCODERS[type_name](value) == seen:
        return True
    if type_name == "numeric" and value is not None and seen is not None:
        return decimal_of(value) is not None and decimal_of(value) == numeric_value(seen)
    if type_name == "jsonb" and type(value) is Text and seen is not None:
        return same_json(value, seen[1:])
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
    if type_name == "numeric":
        return Text(str(numeric_value(seen)).encode())
    return Text(seen) if type_name in ("text", "json", "character varying", "citext") else seen


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


def unspelled(seen: Field, type_name: str) -> Field:
    """A key without the spelling of its number: a real finds its text, and 1.5 the numeric 1.50."""
    if seen is None or seen == UNFIT or type_name not in ("text", "numeric"):
        return seen
    if type_name == "numeric":
        return str(numeric_value(seen).normalize()).encode() if numeric_value(seen) is not None else seen
    try:
        return repr(float(seen)).encode()
    except ValueError:
        return seen
