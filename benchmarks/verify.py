#!/usr/bin/env python3
"""Times `changeover verify` over one table of eight columns, from 10 thousand to 10 million rows.

    benchmarks/verify.py [--binary PATH] [--rows 10000,100000,1000000,10000000] [--runs 3] [--typed]

Each size gets a SQLite file and a table of its own on a throw-away PostgreSQL (scripts/with-postgres; PG chooses the
version), filled by `changeover sync --until-caught-up`. A run is one `changeover verify --json` with nothing else
running; of several runs the fastest counts, and all are printed. With --typed the times, the flag and the amounts become
timestamp, boolean and numeric, so that each of their values is converted there and back. The exit status is 1 where a run
does not find the stores equal.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
TYPES = {"created": "timestamp", "active": "boolean", "price": "numeric(12,2)"}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(HERE.parent / ".build/release/changeover"))
    parser.add_argument("--rows", default="10000,100000,1000000,10000000")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--typed", action="store_true")
    return parser.parse_args()


def make(path: pathlib.Path, rows: int) -> None:
    chance = random.Random(1)
    start = datetime.datetime(2020, 1, 1)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute(
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL, name TEXT NOT NULL, weight REAL,"
        " active INTEGER NOT NULL, price TEXT, created TEXT NOT NULL, token BLOB)"
    )
    connection.executemany(
        "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                number,
                chance.randrange(1_000_000),
                f"name {chance.randrange(1_000_000)}",
                chance.random() * 1_000,
                number & 1,
                None if number % 7 == 0 else f"{chance.randrange(100_000)}.{chance.randrange(100):02}",
                (start + datetime.timedelta(seconds=number)).isoformat(" "),
                chance.randbytes(16),
            )
            for number in range(1, rows + 1)
        ),
    )
    connection.commit()
    connection.close()


def run(command: list, directory: str) -> tuple:
    """The output, seconds, processor seconds and peak of memory in MiB of one process."""
    started = time.monotonic()
    with open(os.path.join(directory, "out"), "w+") as output, open(os.path.join(directory, "err"), "w+") as errors:
        process = subprocess.Popen(command, stdout=output, stderr=errors, cwd=directory)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - started
        output.seek(0)
        errors.seek(0)
        text, complaints = output.read(), errors.read()
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}:\n{text}{complaints}")
    return text, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def psql(statement: str) -> str:
    command = ["psql", "-qAtX", os.environ["DATABASE_URL"], "-c", statement]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def measure(binary: str, rows: int, runs: int, typed: bool) -> float:
    """Prints the runs of one size; returns the seconds of the fastest."""
    directory = tempfile.mkdtemp(prefix="changeover-verify-")
    try:
        source = pathlib.Path(directory, "bench.db")
        make(source, rows)
        types = [f"--type=orders.{column}={name}" for column, name in TYPES.items()] if typed else []
        run([binary, "sync", "--source", str(source), "--until-caught-up", *types], directory)
        psql("VACUUM ANALYZE orders")
        fastest = float("inf")
        for number in range(runs):
            text, seconds, processor, memory = run([binary, "verify", "--source", str(source), "--json"], directory)
            report = json.loads(text.splitlines()[-1] if text.count("\n{") else text)
            if not report["equal"] or report["tables"][0]["source_rows"] != rows:
                sys.exit(f"the stores are not found equal:\n{text}")
            print(
                f"  run {number + 1}: {seconds:.3f} s, {rows / seconds:,.0f} rows/s, {processor:.2f} s of processor,"
                f" peak {memory:.0f} MiB"
            )
            fastest = min(fastest, seconds)
        print(f"{rows:>12,} rows: {fastest:.3f} s, {rows / fastest:,.0f} rows/s, {fastest / rows * 1e9:,.0f} ns a row")
        psql("DROP TABLE orders; DROP SCHEMA changeover CASCADE")
        return fastest
    finally:
        shutil.rmtree(directory)


def main() -> None:
    options = arguments()
    if "CHANGEOVER_TEST_PGDATA" not in os.environ:
        wrapper = str(HERE.parent / "scripts/with-postgres")
        os.execv(wrapper, [wrapper, sys.executable, str(pathlib.Path(__file__).resolve()), *sys.argv[1:]])
    binary = str(pathlib.Path(options.binary).resolve())
    model = next((line for line in open("/proc/cpuinfo") if line.startswith("model name")), ": unknown")
    version = subprocess.run([binary, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    print(f"command: {' '.join(sys.argv)}")
    print(f"machine: {os.cpu_count()} cores, {model.split(': ')[1].strip()}, {platform.platform()}")
    print(f"versions: changeover {version}, PostgreSQL {psql('SHOW server_version')}, SQLite {sqlite3.sqlite_version}")
    print(f"load: {' '.join(f'{value:.2f}' for value in os.getloadavg())}", flush=True)
    sizes = [int(rows) for rows in options.rows.split(",")]
    times = [measure(binary, rows, options.runs, options.typed) for rows in sizes]
    if len(sizes) > 1:
        # What a row costs once the process has begun.
        costs = [
            (times[index + 1] - times[index]) / (sizes[index + 1] - sizes[index]) * 1e9 for index in range(len(sizes) - 1)
        ]
        print("between two sizes, ns a row more: " + ", ".join(f"{cost:,.0f}" for cost in costs))
    print(f"load at the end: {' '.join(f'{value:.2f}' for value in os.getloadavg())}")


if __name__ == "__main__":
    main()
