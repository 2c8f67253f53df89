"""The servers under test, each alone on one core, started and stopped round by round."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen
from uuid import uuid4

from benchmarks.broker import queue
from gateway.bus.names import queue_of

SECRET = "benchmark-secret"  # noqa: S105 - of a bot that does not exist
CONNECTOR = "bench"
PATH = f"/in/{CONNECTOR}"
SERVER_CORE = "0"
SQLITE = "sqlite:///hub.db"
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
SUBSCRIBED = """\
bus: {bus}
subscriptions:
  {name}: {{queue: true, types: [message.received], start: {start}, cursor_every: 0}}
"""


@dataclass(frozen=True)
class Running:
    name: str
    port: int
    session: int
    """Of its processes, which all belong to one."""
    folder: Path
    ready_seconds: float = 0.0
    """From the start of the process to its first answer."""

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
def hub(folder: Path, store: str = SQLITE, more: str = "", cores: str = SERVER_CORE) -> Iterator[Running]:
    """The hub as it is deployed: each commit durable. `more` is further configuration."""
    port = free_port()
    config = folder / "onethread.yaml"
    written = HUB_FILE.format(port=port, connector=CONNECTOR, secret=SECRET).replace(SQLITE, store)
    config.write_text(written + more)
    command = [sys.executable, "-m", "gateway.cli", "serve", "--config", str(config)]
    with serving("hub", port, folder, command, cores=cores) as it:
        yield it


@contextmanager
def memory_hub(folder: Path, name: str, start: str = "newest") -> Iterator[Running]:
    """A hub with its bus in memory, and in its process a consumer of a subscription to messages received. When the hub
    has ended, `seen.json` says which it had, and when."""
    port = free_port()
    config = folder / "onethread.yaml"
    written = HUB_FILE.format(port=port, connector=CONNECTOR, secret=SECRET)
    config.write_text(written + SUBSCRIBED.format(bus="memory://", name=name, start=start))
    where = [str(config), queue_of(name), str(folder / "seen.json")]
    with serving("hub", port, folder, [sys.executable, "-m", "benchmarks.memory_hub", *where]) as it:
        yield it


@contextmanager
def flask(folder: Path) -> Iterator[Running]:
    """A bare Flask handler under granian: WSGI, one worker, four threads."""
    port = free_port()
    server = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "1", "--blocking-threads", "4"]
    options = ["--host", "127.0.0.1", "--port", str(port), "--log-level", "error", "benchmarks.bare_flask:app"]
    with serving("flask", port, folder, [*server, *options]) as it:
        yield it


@contextmanager
def asgi(folder: Path) -> Iterator[Running]:
    """A bare ASGI handler under uvicorn: uvloop, httptools."""
    port = free_port()
    server = [sys.executable, "-m", "uvicorn", "--loop", "uvloop", "--http", "httptools", "--lifespan", "off"]
    options = ["--host", "127.0.0.1", "--port", str(port), "--log-level", "error", "--no-access-log"]
    with serving("asgi", port, folder, [*server, *options, "benchmarks.bare_asgi:app"]) as it:
        yield it


@contextmanager
def naive(folder: Path) -> Iterator[Running]:
    """What one would write first: Flask under granian, an ORM commit and a confirmed publish in each request."""
    port, queue_name = free_port(), f"bench-naive-{uuid4().hex[:12]}"
    server = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "1", "--blocking-threads", "4"]
    options = ["--host", "127.0.0.1", "--port", str(port), "--log-level", "error", "benchmarks.naive:app"]
    more = {"BENCH_STORE": f"sqlite:///{folder / 'naive.db'}", "BENCH_QUEUE": queue_name}
    with queue(queue_name), serving("naive", port, folder, [*server, *options], more) as it:
        yield it


CONTENDERS = {"flask": flask, "asgi": asgi, "naive": naive}


@contextmanager
def serving(
    name: str,
    port: int,
    folder: Path,
    command: list[str],
    more: Mapping[str, str] | None = None,
    cores: str = SERVER_CORE,
) -> Iterator[Running]:
    """`more` of its environment."""
    with (folder / "log").open("a") as log:
        began = time.perf_counter()
        process = subprocess.Popen(
            ["taskset", "-c", cores, *command],
            cwd=ROOT,
            env={**os.environ, "BENCH_SECRET": SECRET, **(more or {})},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _await_answer(process, port, folder)
            yield Running(name, port, process.pid, folder, time.perf_counter() - began)
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
        time.sleep(0.005)
    raise SystemExit(f"the server did not come up:\n{(folder / 'log').read_text()[-2000:]}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
