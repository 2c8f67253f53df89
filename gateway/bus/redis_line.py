"""A line to Redis: a connection of kombu's, which blocks, and the one thread that uses it."""

import asyncio
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from kombu.connection import Connection
from kombu.exceptions import OperationalError

from gateway.bus.addresses import Broker
from gateway.bus.contract import BusDown
from gateway.bus.virtual import QUEUES

T = TypeVar("T")
SECONDS = 10.0
"""How long a connection, or an answer, may take."""
OPTIONS = {
    "unacked_key": "onethread.unacked",
    "unacked_index_key": "onethread.unacked_index",
    "unacked_mutex_key": "onethread.unacked_mutex",
    "socket_timeout": SECONDS,
    "socket_connect_timeout": SECONDS,
}


class Line:
    """A connection and its thread. One thing at a time, in their order."""

    def __init__(self, broker: Broker, visibility: int) -> None:
        self._broker = broker
        self._options = {**OPTIONS, "visibility_timeout": visibility}
        self._channel: Any = None
        self._connection: Any = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="redis")

    async def do(self, work: Callable[[Any], T]) -> T:
        """Does it with a channel. Raises BusDown."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._do, work)
        except RuntimeError as error:
            raise BusDown("the bus is not running") from error

    def _do(self, work: Callable[[Any], T]) -> T:
        from redis.exceptions import RedisError

        try:
            return work(self._open())
        except (OSError, RedisError, OperationalError) as error:
            self._drop()
            raise BusDown(f"{self._broker}: {' '.join(str(error).split())[:300] or type(error).__name__}") from error

    def _open(self) -> Any:
        if self._channel is None:
            one = self._broker
            self._connection = Connection(  # type: ignore[no-untyped-call]  # kombu is half typed
                transport="redis",
                hostname=one.host,
                port=one.port,
                userid=one.user or None,
                password=one.password.reveal() or None,
                virtual_host=one.vhost,
                ssl=_tls(one),
                transport_options=self._options,
            )
            self._channel = self._connection.channel()
            self._channel.exchange_declare(QUEUES, "direct", durable=True)
        return self._channel

    def _drop(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            with suppress(Exception):  # what is broken need not be closed well
                connection.collect()

    async def close(self) -> None:
        """After what was begun."""
        with suppress(RuntimeError):
            await asyncio.get_running_loop().run_in_executor(self._thread, self._drop)
        self._thread.shutdown(wait=False)


def _tls(broker: Broker) -> dict[str, Any] | bool:
    if not broker.tls:
        return False
    return {
        "ssl_cert_reqs": ssl.CERT_REQUIRED,
        "ssl_check_hostname": True,
        "ssl_ca_certs": broker.files.get("cacertfile"),
        "ssl_certfile": broker.files.get("certfile"),
        "ssl_keyfile": broker.files.get("keyfile"),
    }
