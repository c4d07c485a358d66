"""Encoding and decoding of batches, and their size against the same rows as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import time
import zlib
from pathlib import Path
from typing import Dict, List

from suite.report import Figure, Report
from suite.tables import measurements
from suite.workplace import Workplace

ROOT = Path(__file__).resolve().parent.parent.parent


def json_rows(count: int) -> bytes:
    """Rows as the usual trigger logs them: operation, time and the row's image."""
    lines = []
    for number, device, reading, unit, note, raw, taken_at, version in measurements(1, count):
        image = {
            "id": number, "device": device, "reading": reading, "unit": unit, "note": note, "raw": raw.hex(),
            "taken_at": taken_at, "version": version,
        }
        change = {"table": "measurements", "op": "U", "at": "2024-05-17T08:00:00.000Z", "after": image}
        lines.append(json.dumps(change, separators=(",", ":"), ensure_ascii=False))
    return "\n".join(lines).encode()


def run(workplace: Workplace, report: Report) -> None:
    count = workplace.scaled(500_000)
    subprocess.run(
        ["swift", "build", "--package-path", str(ROOT), "-c", "release", "--product", "journal-speed"], check=True,
        stdout=subprocess.DEVNULL, env={**os.environ, "CHANGEOVER_BENCHMARKS": "1"})
    image = json_rows(count)
    times: Dict[str, List[float]] = {"gzip": [], "gunzip": [], "encode": [], "decode": []}
    sizes: Dict[str, int] = {}
    for _ in range(workplace.rounds()):
        started = time.perf_counter()
        packed = zlib.compress(image, 1)
        times["gzip"].append(time.perf_counter() - started)
        started = time.perf_counter()
        zlib.decompress(packed)
        times["gunzip"].append(time.perf_counter() - started)
        line = subprocess.run(
            [str(ROOT / ".build/release/journal-speed"), str(count), "1"], capture_output=True, text=True, check=True)
        figures = json.loads(line.stdout)
        times["encode"].append(figures["encode"])
        times["decode"].append(figures["decode"])
        sizes = {"raw": figures["raw"], "file": figures["file"], "packed": len(packed)}

    def speed(name: str, size: int) -> Figure:
        return Figure(name, "MB/s", [size / seconds / 1e6 for seconds in times[name]])

    def rows(name: str) -> Figure:
        return Figure(name, "rows/s", [count / seconds for seconds in times[name]])

    report.say(f"{count:,} changes of eight columns. `gzip −1` packs rows that are JSON already; changeover encodes the"
               " values and packs them.")
    report.table("journal", ["subject", "MB/s in", "rows/s", "MB/s out", "rows/s out", "bytes a change"], [
        ["changeover", speed("encode", sizes["raw"]), rows("encode"), speed("decode", sizes["raw"]), rows("decode"),
         sizes["file"] / count],
        ["JSON, gzip −1", speed("gzip", len(image)), rows("gzip"), speed("gunzip", len(image)), rows("gunzip"),
         sizes["packed"] / count],
        ["JSON", "–", "–", "–", "–", len(image) / count],
    ])
    faster = rows("encode").median / rows("gzip").median
    report.goal("rows/s encoded against gzip −1", faster, faster > 1, "> 1")
    share = sizes["file"] / len(image)
    report.goal("bytes against the JSON form", share, share <= 0.25, "≤ 0.25")
    report.bars("rows a second", "rows/s", {
        "changeover": {"in": rows("encode"), "out": rows("decode")},
        "JSON, gzip −1": {"in": rows("gzip"), "out": rows("gunzip")},
    })
