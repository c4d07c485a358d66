"""The demo's child processes: started by it, watched by it, and ended by it, each by its own id."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import Dict, List

import narration


class DemoFailure(Exception):
    """Why the demo cannot go on."""


class Children:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: Dict[str, subprocess.Popen] = {}
        self.shown = 0

    def start(self, name: str, command: List[str]) -> subprocess.Popen:
        """Starts a program in the demo's folder, out of reach of the terminal's Ctrl-C; its errors go to its log."""
        with open(self.log(name), "wb") as log, open(self.output(name), "wb") as output:
            self.processes[name] = subprocess.Popen(
                command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            )
        return self.processes[name]

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def output(self, name: str) -> Path:
        return self.folder / f"{name}.out"

    def said(self, name: str) -> str:
        return self.log(name).read_text(encoding="utf-8", errors="replace").strip()

    def show_news(self, name: str, limit: int) -> None:
        """Shows the first lines that a program logged since the last look."""
        lines = self.said(name).splitlines()
        fresh = lines[self.shown:]
        self.shown = len(lines)
        narration.heard("\n".join(fresh[:limit]))
        if len(fresh) > limit:
            narration.heard(f"… and {len(fresh) - limit} more")

    def wait(self, name: str, seconds: float) -> int:
        """The exit code of a program that ends by itself; it is watched no longer."""
        try:
            status = self.processes[name].wait(seconds)
        except subprocess.TimeoutExpired:
            raise DemoFailure(f"{name} did not end within {seconds:.0f} s\n{self.said(name)}") from None
        del self.processes[name]
        return status

    def check(self) -> None:
        for name, process in self.processes.items():
            if process.poll() is not None:
                raise DemoFailure(f"{name} ended with {process.returncode}\n{self.said(name)}")

    def watch(self, seconds: float) -> None:
        """Lets time pass, and fails as soon as a program has ended that should be running."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.check()
            time.sleep(0.05)

    def stop(self, *names: str) -> None:
        """Asks programs to end and waits; what does not end in time is killed."""
        stopping = {name: self.processes.pop(name) for name in names if name in self.processes}
        for process in stopping.values():
            process.terminate()
        deadline = time.monotonic() + 10
        for name, process in stopping.items():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                narration.failure(f"{name} had to be killed")

    def stop_all(self) -> None:
        self.stop(*self.processes)
