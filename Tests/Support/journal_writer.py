"""Writes batch files by journal/FORMAT.md alone, well-formed or not: the golden vectors come from here."""

import struct
import zlib

MAGIC = bytes.fromhex("89434f4a0d0a1a0a")
SOURCE = bytes.fromhex("c0ffee00c0de4bad8bad00000000cafe")


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def string(content):
    return varint(len(content)) + content


def zigzag(value):
    return 2 * value if value >= 0 else -2 * value - 1


def real_bits(value):
    return struct.unpack(">Q", struct.pack(">d", value))[0]


class Real(int):
    """The bits of an IEEE 754 double."""


class Text(bytes):
    """Text as stored, which need not be UTF-8."""


def value(item):
    """None, int, float, Real, str, Text or bytes (a blob) as the payload has it."""
    if item is None:
        return b"\0"
    if isinstance(item, Real):
        return b"\2" + struct.pack(">Q", item)
    if isinstance(item, float):
        return b"\2" + struct.pack(">d", item)
    if isinstance(item, int):
        return b"\1" + varint(zigzag(item))
    if isinstance(item, str):
        return b"\3" + string(item.encode())
    if isinstance(item, Text):
        return b"\3" + string(item)
    return b"\4" + string(item)


def value_json(item):
    """The same value as `changeover journal show --json` prints it."""
    if item is None:
        return None
    if isinstance(item, Real):
        return {"real": f"{int(item):016x}"}
    if isinstance(item, float):
        return {"real": f"{real_bits(item):016x}"}
    if isinstance(item, int):
        return {"integer": item}
    if isinstance(item, str):
        return {"text": item}
    if isinstance(item, Text):
        return {"text_hex": item.hex()}
    return {"blob": item.hex()}


class Table:
    """A table as a batch declares it."""

    def __init__(self, number, name, columns, key):
        self.number, self.name, self.columns, self.key = number, name, columns, key

    def declare(self):
        names = b"".join(string(column.encode()) for column in self.columns)
        key = b"".join(varint(position) for position in self.key)
        return (
            b"\1" + varint(self.number) + string(self.name.encode())
            + varint(len(self.columns)) + names + varint(len(self.key)) + key
        )  # fmt: skip


class Payload:
    """Collects entries as bytes and as JSON side by side."""

    def __init__(self):
        self.bytes, self.json = b"", []

    def table(self, table):
        self.bytes += table.declare()
        self.json.append(
            {"op": "table", "id": table.number, "name": table.name, "columns": table.columns, "key": table.key}
        )
        return self

    def upsert(self, table, *values):
        self.bytes += b"\2" + varint(table.number) + b"".join(map(value, values))
        self.json.append({"op": "upsert", "table": table.name, "values": [value_json(item) for item in values]})
        return self

    def delete(self, table, *key):
        self.bytes += b"\3" + varint(table.number) + b"".join(map(value, key))
        self.json.append({"op": "delete", "table": table.name, "key": [value_json(item) for item in key]})
        return self

    def schema(self, change):
        self.bytes += b"\5" + string(change.encode())
        self.json.append({"op": "schema", "change": change})
        return self

    def replace(self, table):
        self.bytes += b"\4" + varint(table.number)
        self.json.append({"op": "replace", "table": table.name})
        return self


class Batch:
    """A batch file. Every field can be set; lengths and checksums are right unless they are set too."""

    def __init__(self, payload, **fields):
        self.payload = payload
        self.fields = dict(
            magic=MAGIC, version=1, header_length=128, direction=1, flags=0, reserved=0, source=SOURCE,
            group=1, part=0, entry_count=len(payload.json), after=0, last=len(payload.json), nonce=-0x123456789ABCDEF,
            captured_at=1_760_000_000_000_000, previous_look_at=1_759_999_999_750_000,
            fingerprint=0x0123456789ABCDEF, previous_checksum=0, level=1, reserved2=0,
        )  # fmt: skip
        self.fields.update(fields)

    def file(self):
        f = self.fields
        body = f.get("body")
        if body is None:
            body = zlib.compress(self.payload.bytes, f["level"])
        header = struct.pack(
            ">8sHHBBH16sQIIqqqqqQQQIII", f["magic"], f["version"], f["header_length"], f["direction"], f["flags"],
            f["reserved"], f["source"], f["group"], f["part"], f["entry_count"], f["after"], f["last"], f["nonce"],
            f["captured_at"], f["previous_look_at"], f["fingerprint"],
            f.get("raw_length", len(self.payload.bytes)), f.get("compressed_length", len(body)),
            f["previous_checksum"], f.get("payload_checksum", zlib.crc32(body)), f["reserved2"],
        )  # fmt: skip
        return header + struct.pack(">I", f.get("header_checksum", zlib.crc32(header))) + body

    @property
    def checksum(self):
        return struct.unpack(">I", self.file()[124:128])[0]

    def json(self):
        f = self.fields
        digits = f["source"].hex()
        batch = {
            "group": f["group"],
            "part": f["part"],
            "direction": {1: "forward", 2: "reverse"}[f["direction"]],
            "more_follows": bool(f["flags"] & 1),
            "keys_may_repeat": bool(f["flags"] & 2),
            "source": "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])),
            "after": f["after"],
            "last": f["last"],
            "nonce": f["nonce"],
            "captured_at_us": f["captured_at"],
            "previous_look_at_us": f["previous_look_at"],
            "schema_fingerprint": f"{f['fingerprint']:016x}",
        }
        if f["flags"] & 4:
            batch["changes_schema"] = True
        return {**batch, "entries": self.payload.json}
