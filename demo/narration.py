"""How the demo speaks: headings, sentences, what programs said; in colour on a terminal only."""

from __future__ import annotations

import os
import sys
import textwrap

COLOURS = sys.stdout.isatty() and "NO_COLOR" not in os.environ


def painted(code: str, text: str) -> str:
    return f"\033[{code}m{text}\033[0m" if COLOURS else text


def heading(number: int, text: str) -> None:
    print("\n" + painted("1;36", f"{number}. {text}"), flush=True)


def say(text: str) -> None:
    print(textwrap.fill(text, 100, initial_indent="   ", subsequent_indent="   "), flush=True)


def figure(text: str) -> None:
    print("   " + painted("33", "· " + text), flush=True)


def command(text: str) -> None:
    print("   " + painted("1", f"$ {text}"), flush=True)


def heard(text: str) -> None:
    """Lines that another program printed."""
    for line in text.rstrip().splitlines():
        print("   " + painted("2", f"│ {line}"), flush=True)


def good(text: str) -> None:
    print("   " + painted("32", f"✓ {text}"), flush=True)


def failure(text: str) -> None:
    print(painted("1;31", f"demo failed: {text}"), file=sys.stderr, flush=True)
