#!/usr/bin/env python3
"""Reads batch files by journal/FORMAT.md alone: an opinion independent of the Swift codec.

journal_reader.py FILE...   prints one line of JSON a file: the batch, or {"file": ..., "invalid": reason}.
Exit status 1 where a file is invalid. The reasons are those that FORMAT.md names.
"""

import json
import os
import struct
import sys
import zlib

HEADER = struct.Struct(">8sHHBBH16sQIIqqqqqQQQIIII")
NAMES = (
    "magic version header_length direction flags reserved source group part entry_count after last nonce "
    "captured_at previous_look_at fingerprint raw_length compressed_length previous_checksum payload_checksum "
    "reserved2 header_checksum"
).split()
MAGIC = bytes.fromhex("89434f4a0d0a1a0a")
RAW_LIMIT = 1 << 31
COMPRESSED_LIMIT = RAW_LIMIT + RAW_LIMIT // 1024 + 1024
COLUMN_LIMIT = 32767
DECLARED_COLUMN_LIMIT = 1 << 24
INT64_MAX = (1 << 63) - 1


class Invalid(Exception):
    """The bytes are not a batch; the argument is the reason."""


def require(holds, reason):
    if not holds:
        raise Invalid(reason)


def read_header(data):
    require(len(data) >= 128, "truncated_header")
    header = dict(zip(NAMES, HEADER.unpack(data[:128])))
    require(header["magic"] == MAGIC, "magic")
    require(header["version"] == 1, "version")
    require(header["header_length"] == 128, "header_length")
    require(header["header_checksum"] == zlib.crc32(data[:124]), "header_checksum")
    require(header["direction"] in (1, 2), "direction")
    require(header["flags"] & ~7 == 0, "flags")
    require(header["reserved"] == 0 and header["reserved2"] == 0, "reserved")
    require(0 < header["group"] <= INT64_MAX and header["part"] <= 999_999, "number")
    require(not header["flags"] & 4 or header["part"] == 0, "flags")
    require(0 <= header["after"] <= header["last"], "sequence")
    raw, compressed = header["raw_length"], header["compressed_length"]
    require(raw <= RAW_LIMIT and compressed <= COMPRESSED_LIMIT, "length")
    require(raw <= compressed * 1032 and header["entry_count"] * 3 <= raw, "length")
    require(len(data) == 128 + compressed, "file_length")
    return header


def inflate(compressed, header):
    require(zlib.crc32(compressed) == header["payload_checksum"], "payload_checksum")
    stream = zlib.decompressobj()
    try:
        payload = stream.decompress(compressed, header["raw_length"] + 1)
    except zlib.error:
        raise Invalid("compression") from None
    require(len(payload) <= header["raw_length"], "raw_length")
    require(stream.eof and not stream.unused_data, "compression")
    require(len(payload) == header["raw_length"], "raw_length")
    return payload


class Payload:
    """Walks a payload; every read is checked against its end."""

    def __init__(self, data):
        self.data = data
        self.offset = 0

    def take(self, count):
        require(count <= len(self.data) - self.offset, "truncated_entry")
        self.offset += count
        return self.data[self.offset - count : self.offset]

    def byte(self):
        return self.take(1)[0]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.byte()
            require(shift < 63 or byte <= 1, "varint")
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                require(byte != 0 or shift == 0, "varint")
                return value
            shift += 7

    def count(self, limit, reason):
        count = self.varint()
        require(1 <= count <= limit, reason)
        require(count <= len(self.data) - self.offset, "truncated_entry")
        return count

    def name(self):
        try:
            return self.take(self.varint()).decode("utf-8")
        except UnicodeDecodeError:
            raise Invalid("name") from None

    def value(self):
        tag = self.byte()
        if tag == 0:
            return None
        if tag == 1:
            number = self.varint()
            return {"integer": (number >> 1) ^ -(number & 1)}
        if tag == 2:
            return {"real": self.take(8).hex()}
        require(tag in (3, 4), "tag")
        content = self.take(self.varint())
        if tag == 4:
            return {"blob": content.hex()}
        try:
            return {"text": content.decode("utf-8")}
        except UnicodeDecodeError:
            return {"text_hex": content.hex()}


def read_entries(data, entry_count, changes_schema):
    payload = Payload(data)
    tables = {}
    declared_columns = 0
    entries = []
    declared = None  # The table that the entry before declared.
    while payload.offset < len(data):
        require(len(entries) < entry_count, "entry_count")
        kind = payload.byte()
        require(kind in (1, 2, 3, 4, 5), "kind")
        require((kind == 5) == (changes_schema and not entries), "schema_change")
        if kind == 5:
            entries.append({"op": "schema", "change": payload.name()})
            continue
        table = payload.varint()
        require(table <= INT64_MAX, "table_id")
        if kind == 1:
            require(table not in tables, "duplicate_table")
            name = payload.name()
            column_count = payload.count(COLUMN_LIMIT, "column_count")
            declared_columns += column_count
            require(declared_columns <= DECLARED_COLUMN_LIMIT, "column_count")
            columns = [payload.name() for _ in range(column_count)]
            key = [payload.varint() for _ in range(payload.count(column_count, "key_count"))]
            require(all(k < column_count for k in key) and len(set(key)) == len(key), "key_position")
            tables[table] = (name, column_count, len(key))
            entries.append({"op": "table", "id": table, "name": name, "columns": columns, "key": key})
            declared = table
            continue
        require(table in tables, "undeclared_table")
        name, column_count, key_count = tables[table]
        if kind == 2:
            values = [payload.value() for _ in range(column_count)]
            entries.append({"op": "upsert", "table": name, "values": values})
        elif kind == 4:
            require(declared == table, "replacement")
            entries.append({"op": "replace", "table": name})
        else:
            key = [payload.value() for _ in range(key_count)]
            entries.append({"op": "delete", "table": name, "key": key})
        declared = None
    require(len(entries) == entry_count, "entry_count")
    require(entries or not changes_schema, "schema_change")
    return entries


def uuid(data):
    digits = data.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def read_batch(data):
    """The batch in the form of `changeover journal show --json`."""
    header = read_header(data)
    entries = read_entries(inflate(data[128:], header), header["entry_count"], bool(header["flags"] & 4))
    batch = {
        "group": header["group"],
        "part": header["part"],
        "direction": {1: "forward", 2: "reverse"}[header["direction"]],
        "more_follows": bool(header["flags"] & 1),
        "keys_may_repeat": bool(header["flags"] & 2),
        "source": uuid(header["source"]),
        "after": header["after"],
        "last": header["last"],
        "nonce": header["nonce"],
        "captured_at_us": header["captured_at"],
        "previous_look_at_us": header["previous_look_at"],
        "schema_fingerprint": f"{header['fingerprint']:016x}",
    }
    if header["flags"] & 4:
        batch["changes_schema"] = True
    return {**batch, "entries": entries}


def main(paths):
    status = 0
    for path in paths:
        try:
            with open(path, "rb") as file:
                line = read_batch(file.read())
        except Invalid as reason:
            line = {"file": os.path.basename(path), "invalid": str(reason)}
            status = 1
        print(json.dumps(line, ensure_ascii=False, separators=(",", ":")))
    return status


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    sys.exit(main(sys.argv[1:]))
