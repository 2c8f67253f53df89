"""A server that says what none should."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CAPABLE = (b"CAPABILITY", b"* CAPABILITY IMAP4rev1 IDLE\r\nTAG OK done\r\n")
MAILBOX = (
    b"EXAMINE",
    b"* 1 EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY 7] v\r\n* OK [UIDNEXT 2] n\r\nTAG OK [READ-ONLY] done\r\n",
)


@contextmanager
def scripted(*answers: tuple[bytes, bytes]) -> Iterator[str]:
    """A server for one caller at a time: to each command, by its word, its lines; `TAG` is the command's own."""
    script = dict(answers)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    caller, _ = server.accept()
                    with caller, caller.makefile("rb") as lines, suppress(OSError):
                        caller.sendall(b"* OK [CAPABILITY IMAP4rev1 IDLE] ready\r\n")
                        tag = b""
                        for line in lines:
                            first, _, rest = line.upper().strip().partition(b" ")
                            tag = first if rest else tag
                            told = script.get((rest or first).split(b" ")[0], b"TAG OK done\r\n")
                            caller.sendall(told.replace(b"TAG", tag))

        threading.Thread(target=serve, daemon=True).start()
        yield f"imap://me:pw@127.0.0.1:{server.getsockname()[1]}/INBOX"
