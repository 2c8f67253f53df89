"""A hub as a process of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HUB = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(HUB), "PYTHONUNBUFFERED": "1"}


class Served:
    """`onethread serve` on a free port, in a folder."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.log = folder / "serve.log"
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gateway.cli", "serve", "--port", "0", "--json", *arguments],
                cwd=folder,
                env=ENVIRONMENT,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, self.log.read_text()
        self.ready = json.loads(line)
        self.url: str = self.ready["url"]

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """The exit code."""
        self.process.send_signal(number)
        assert self.process.stdout
        self.process.stdout.close()
        return self.process.wait(20)

    def logged(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@contextmanager
def served(folder: Path, *arguments: str) -> Iterator[Served]:
    hub = Served(folder, *arguments)
    try:
        yield hub
    finally:
        if hub.process.poll() is None:
            hub.end()


def command(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself."""
    return subprocess.run(
        [sys.executable, "-m", "gateway.cli", *arguments],
        cwd=folder,
        env={**ENVIRONMENT, **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
