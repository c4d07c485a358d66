#!/usr/bin/env python3
"""A small shop on SQLite: its opening, and the writers that keep it busy.

    shop.py create FILE               makes the shop
    shop.py write ROLE FILE FOLDER    runs one writer (sales, warehouse, office) until SIGTERM
"""

from __future__ import annotations

import argparse
from pathlib import Path

import opening
import writer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("create")
    making.add_argument("file", type=Path)
    writing = commands.add_parser("write")
    writing.add_argument("role", choices=sorted(writer.ROLES))
    writing.add_argument("file", type=Path)
    writing.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "create":
        opening.create(arguments.file)
    else:
        writer.run(arguments.role, arguments.file, arguments.folder)


if __name__ == "__main__":
    main()
