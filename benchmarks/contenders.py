"""The servers under test, each alone on one core, started and stopped round by round."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

SECRET = "benchmark-secret"  # noqa: S105 - of a bot that does not exist
CONNECTOR = "bench"
PATH = f"/in/{CONNECTOR}"
SERVER_CORE = "0"
READY_SECONDS = 30.0
ROOT = Path(__file__).parent.parent

HUB_FILE = """\
public_url: http://127.0.0.1:{port}
listen: 127.0.0.1:{port}
store: sqlite:///hub.db
files: ./files
connectors:
  {connector}: {{plugin: telegram, token: "1000000000:BENCHMARK", secret_token: "{secret}", api_base: "http://127.0.0.1:9"}}
"""


@dataclass(frozen=True)
class Running:
    name: str
    port: int
    session: int
    """Of its processes, which all belong to one."""
    folder: Path

    @property
    def store(self) -> Path:
        return self.folder / "hub.db"

    def cpu_seconds(self) -> float:
        """User and system time of all its processes so far."""
        return sum(int(fields[11]) + int(fields[12]) for fields in self._processes()) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        """Octets resident, of all its processes."""
        return sum(int(fields[21]) for fields in self._processes()) * os.sysconf("SC_PAGE_SIZE")

    def _processes(self) -> Iterator[list[str]]:
        """The fields of `/proc/<pid>/stat` behind the name, of each."""
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):  # it ended while we looked
                continue
            if int(fields[3]) == self.session:
                yield fields


@contextmanager
def hub(folder: Path) -> Iterator[Running]:
    """The hub as it is deployed: SQLite, each commit durable."""
    port = free_port()
    config = folder / "onethread.yaml"
    config.write_text(HUB_FILE.format(port=port, connector=CONNECTOR, secret=SECRET))
    with _serving("hub", port, folder, [sys.executable, "-m", "gateway.cli", "serve", "--config", str(config)]) as it:
        yield it


@contextmanager
def flask(folder: Path) -> Iterator[Running]:
    """A bare Flask handler under granian: WSGI, one worker, four threads."""
    port = free_port()
    server = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "1", "--blocking-threads", "4"]
    options = ["--host", "127.0.0.1", "--port", str(port), "--log-level", "error", "benchmarks.bare_flask:app"]
    with _serving("flask", port, folder, [*server, *options]) as it:
        yield it


@contextmanager
def asgi(folder: Path) -> Iterator[Running]:
    """A bare ASGI handler under uvicorn: uvloop, httptools."""
    port = free_port()
    server = [sys.executable, "-m", "uvicorn", "--loop", "uvloop", "--http", "httptools", "--lifespan", "off"]
    options = ["--host", "127.0.0.1", "--port", str(port), "--log-level", "error", "--no-access-log"]
    with _serving("asgi", port, folder, [*server, *options, "benchmarks.bare_asgi:app"]) as it:
        yield it


CONTENDERS = {"hub": hub, "flask": flask, "asgi": asgi}


@contextmanager
def _serving(name: str, port: int, folder: Path, command: list[str]) -> Iterator[Running]:
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            ["taskset", "-c", SERVER_CORE, *command],
            cwd=ROOT,
            env={**os.environ, "BENCH_SECRET": SECRET},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _await_answer(process, port, folder)
            yield Running(name, port, process.pid, folder)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _await_answer(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    until = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1):
                return
        except URLError as error:
            if hasattr(error, "code") and error.code != 503:  # the bare handlers know no such path, but answer
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise SystemExit(f"the server did not come up:\n{(folder / 'log').read_text()[-2000:]}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
