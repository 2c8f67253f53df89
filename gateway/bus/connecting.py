"""A connection of kombu's to one broker, set up so that a broker at its worst cannot hang the thread that owns it."""

import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from amqp.exceptions import FrameSyntaxError
from amqp.method_framing import frame_handler
from kombu.connection import Connection

from gateway.bus.addresses import Broker

log = structlog.get_logger()
CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 15.0
"""How long one read of an answer, or one write, may take."""
HEARTBEAT = 10
"""Seconds; a peer that said nothing for twice as long is gone."""
CONTENT_HEADER = 2
PROPERTIES_AT = 12
NO_PROPERTIES = b"\0\0"
"""Of a frame. https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf, 4.2.6.1 (read 2026-11)."""
UNREADABLE = (ValueError, ArithmeticError, LookupError, RecursionError, struct.error, FrameSyntaxError)
"""What py-amqp raises for properties that make no sense."""


def connect(broker: Broker, name: str, on_blocked: Callable[[str], None], on_unblocked: Callable[[], None]) -> Any:
    """One attempt. The broker's operators see it by the name. Raises OSError, AMQPError."""
    address = Connection(  # type: ignore[no-untyped-call]  # kombu is half typed
        transport="pyamqp",
        hostname=f"[{broker.host}]" if ":" in broker.host else broker.host,
        port=broker.port,
        userid=broker.user,
        password=broker.password.reveal(),
        virtual_host=broker.vhost,
        ssl=_tls(broker),
        connect_timeout=CONNECT_SECONDS,
        heartbeat=HEARTBEAT,
        transport_options={
            "client_properties": {"connection_name": f"onethread {name}"},
            "on_blocked": on_blocked,
            "on_unblocked": on_unblocked,
            "frame_handler": _lenient,
            "socket_settings": _keep_alive(),
        },
    )
    connection = address.transport.establish_connection()
    connection.sock.settimeout(ANSWER_SECONDS)
    # The broker goes on to say when it blocks; but before each publish py-amqp would look for that by a read that spins
    # while half a frame is there. Whoever owns the connection reads anyway.
    connection.client_properties["capabilities"] = {}
    return connection


@contextmanager
def in_one_write(connection: Any) -> Iterator[None]:
    """What is sent within leaves together at the end: each write of its own is a call of the system, and hands the
    interpreter to another thread."""
    transport = connection.transport
    written, write = bytearray(), transport._write
    transport._write = written.extend
    try:
        yield
    finally:
        transport._write = write
    if written:
        transport.write(written)


def _lenient(connection: Any, callback: Callable[..., Any]) -> Callable[[Any], Any]:
    """py-amqp's reader of frames, which leaves out a message's properties where it cannot read them.

    The broker passes on whatever octets stand in them. Ending the connection would only bring the message again.
    """
    read = frame_handler(connection, callback)

    def on_frame(frame: tuple[int, int, bytes]) -> Any:
        kind, channel, content = frame
        try:
            return read(frame)
        except UNREADABLE:
            if kind != CONTENT_HEADER:
                raise
            log.warning("the properties of a message cannot be read, and are left out")
            return read((kind, channel, content[:PROPERTIES_AT] + NO_PROPERTIES))

    return on_frame


def _tls(broker: Broker) -> dict[str, Any] | bool:
    if not broker.tls:
        return False
    return {
        "cert_reqs": ssl.CERT_REQUIRED,
        "server_hostname": broker.host,
        "ca_certs": broker.files.get("cacertfile"),
        "certfile": broker.files.get("certfile"),
        "keyfile": broker.files.get("keyfile"),
    }


def _keep_alive() -> dict[int, int]:
    """py-amqp would let the system end a connection whose peer has not read for one second."""
    if not hasattr(socket, "TCP_USER_TIMEOUT"):
        return {}
    return {socket.TCP_USER_TIMEOUT: int(ANSWER_SECONDS * 1000)}
