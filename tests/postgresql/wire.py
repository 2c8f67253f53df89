"""A wire to the database that can be cut: a TCP proxy."""

import socket
import threading
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit


class Wire:
    """`url` leads through it. What is cut in the middle is gone, in both directions."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 5432)
        self._listener = socket.create_server(("127.0.0.1", 0))
        user = f"{parts.username}@" if parts.username else ""
        self.url = parts._replace(netloc=f"{user}127.0.0.1:{self._listener.getsockname()[1]}").geturl()
        self._ends: list[socket.socket] = []
        self._lock = threading.Lock()
        self._broken = False
        self.lose_answers_to: bytes | None = None
        """What is sent with these octets goes through, and cuts the connection before its answer."""

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Every connection there is."""
        with self._lock:
            ends, self._ends = self._ends, []
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def break_(self) -> None:
        """Nothing goes through until `mend`."""
        self._broken = True
        self.cut()

    def mend(self) -> None:
        self._broken = False

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._broken:
                near.close()
                continue
            far = socket.create_connection(self._target)
            with self._lock:
                self._ends += [near, far]
            for one, other, sends in ((near, far, True), (far, near, False)):
                threading.Thread(target=self._carry, args=(one, other, sends), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket, sends: bool) -> None:
        with suppress(OSError):
            while octets := one.recv(65_536):
                if sends and self.lose_answers_to and self.lose_answers_to in octets:
                    self.lose_answers_to = None
                    with suppress(OSError):
                        one.shutdown(socket.SHUT_RDWR)
                other.sendall(octets)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
