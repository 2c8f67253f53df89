"""Sockets that listen, and why one could not."""

import errno
import socket


class AddressUnavailable(Exception):
    """The server cannot listen there; the text is one sentence for the operator. `passing`: another process does."""

    def __init__(self, sentence: str, *, passing: bool) -> None:
        super().__init__(sentence)
        self.passing = passing


def bound(host: str, port: int) -> socket.socket:
    """A socket whose callers wait until they are served. Raises AddressUnavailable."""
    address = f"{host_of(host)}:{port}"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, name = min(found)  # IPv4 first, which is what `localhost` mostly means
        door = socket.socket(family, kind, protocol)
        try:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind(name)
            door.listen()
        except BaseException:
            door.close()
            raise
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise AddressUnavailable(f"{address} is in use by another process", passing=True) from error
        raise AddressUnavailable(f"cannot listen on {address}: {error.strerror}", passing=False) from error
    return door


def host_of(address: str) -> str:
    """The address as a URL has it."""
    return f"[{address}]" if ":" in address else address
