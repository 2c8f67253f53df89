"""A RabbitMQ node of a test's own: killed and started again at will, and nothing of it is left behind.

It runs as whoever runs the test, beside any other broker: own ports on the loopback, own epmd, own cookie, and every
file in one folder. Environment: https://www.rabbitmq.com/docs/configure#supported-environment-variables and
https://www.erlang.org/doc/apps/erts/epmd_cmd.html (read 2026-11).
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from tests.bus.conftest import need
from tests.end_to_end.hub_process import free_port

READY = 90.0
"""Seconds a start may take on a busy machine."""
GONE = 20.0
"""Seconds an orderly end may take."""


class OwnBroker:
    """`start`, `kill` and `stop` return when it is so. Blocks: call it from a thread where there is an event loop."""

    def __init__(self, folder: Path, beside: "OwnBroker | None" = None, **options: object) -> None:
        """`folder`: empty, or not there. `beside` another node, which it joins when it first starts; that is entered
        before and left after. `options` go into its rabbitmq.conf."""
        # The program on the PATH may be a distribution's wrapper, which changes the user; the real one lies beside it.
        self._program = Path(need("rabbitmq-server")).resolve().with_name("rabbitmq-server")
        self._folder = folder
        self._port = free_port()
        self._beside = beside
        settings = {**(_with(beside) if beside else {}), **options}
        self._environment = _laid_out(folder, self._port, beside._environment if beside else {}, settings)
        self._node: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self._port}//"

    def __enter__(self) -> Self:
        if self._beside is None:
            self._epmd = subprocess.Popen([need("epmd")], env=self._environment, stdin=subprocess.DEVNULL)
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Raises AssertionError where a process of it would outlive the test."""
        try:
            self.stop()
        finally:
            if self._beside is None:
                self._epmd.kill()
                self._epmd.wait()
        _until(lambda: not self._processes(), 5, self._said)

    def start(self) -> None:
        with (self._folder / "said").open("ab") as said:
            self._node = subprocess.Popen(
                [self._program],
                env=self._environment,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
        _until(self._serves, READY, self._said)

    def control(self, *arguments: str) -> str:
        """What `rabbitmqctl` says of it."""
        done = subprocess.run(
            [self._program.with_name("rabbitmqctl"), "--node", self.node, *arguments],
            env=self._environment,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=READY,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout}{done.stderr}{self._said()}"
        return done.stdout

    @property
    def node(self) -> str:
        return self._environment["RABBITMQ_NODENAME"]

    def pause(self) -> None:
        """It lives, and does nothing."""
        assert self._node
        self._node.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._node
        self._node.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """kill -9 of the machine it runs in."""
        assert self._node
        self._node.send_signal(signal.SIGKILL)
        self._node.wait()

    def stop(self) -> None:
        """In good order if it comes to it in time."""
        if self._node is None:
            return
        self._node.terminate()
        try:
            self._node.wait(GONE)
        except subprocess.TimeoutExpired:
            self.kill()

    def _serves(self) -> bool:
        """It listens once its queues are recovered."""
        assert self._node
        assert self._node.poll() is None, self._said()
        try:
            socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
        except OSError:
            return False
        return True

    def _said(self) -> str:
        return f"{self._processes()}\n{(self._folder / 'said').read_text()}"

    def _processes(self) -> list[int]:
        """Those that were started with its environment, where the system shows that."""
        mark = f"RABBITMQ_MNESIA_BASE={self._environment['RABBITMQ_MNESIA_BASE']}".encode()
        return [int(each.parent.name) for each in Path("/proc").glob("[0-9]*/environ") if mark in _read(each)]


def _with(other: OwnBroker) -> Mapping[str, str]:
    """What has a node that is empty join another when it starts.

    Source: https://www.rabbitmq.com/docs/cluster-formation#peer-discovery-classic-config (read 2026-11).
    """
    formation = "cluster_formation"
    return {
        f"{formation}.peer_discovery_backend": "classic_config",
        f"{formation}.classic_config.nodes.1": other.node,
    }


def _laid_out(folder: Path, port: int, beside: Mapping[str, str], options: Mapping[str, object]) -> Mapping[str, str]:
    """The environment of a node whose files lie in this folder, and the files it starts from. Nodes beside each other
    have one epmd and one cookie."""
    folder.mkdir(exist_ok=True)
    usual = {"listeners.tcp.own": f"127.0.0.1:{port}", "disk_free_limit.absolute": "50MB", "log.console": "false"}
    lines = [f"{name} = {value}\n" for name, value in {**usual, **options}.items()]
    (folder / "rabbitmq.conf").write_text("".join(lines))
    (folder / "enabled_plugins").write_text("[].\n")
    (folder / "rabbitmq-env.conf").write_text("")
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": beside.get("HOME", str(folder)),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": beside.get("ERL_EPMD_PORT") or str(free_port()),
        "RABBITMQ_NODENAME": f"own{port}@localhost",
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_ALLOW_INPUT": "true",  # the program then becomes the node, with no shell between that outlives it
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-noinput -kernel inet_dist_use_interface {127,0,0,1}",
    }


def _until(holds: Callable[[], bool], seconds: float, said: Callable[[], str]) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, said()
        time.sleep(0.05)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # another's, or over by now
        return b""
