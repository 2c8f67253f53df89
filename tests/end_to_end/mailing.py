"""A hub process that takes mail, and who sends it."""

import itertools
import json
import smtplib
import threading
import time

from tests.end_to_end.hub_process import HubProcess, free_port

SUPPORT, SALES = "help@example.com", "sales@example.com"
DATE = "Sun, 01 Nov 2026 12:00:00 +0000"


def take_mail(hub: HubProcess) -> dict[str, int]:
    """Configures two mailboxes and both listeners, before the start; the ports by listener."""
    ports = {"smtp": free_port(), "lmtp": free_port()}
    settings = json.loads(hub.config.read_text())
    relay = "smtp://127.0.0.1:9"
    settings["connectors"] |= {
        "support-mail": {"plugin": "email", "address": SUPPORT, "smtp": relay},
        "sales-mail": {"plugin": "email", "address": SALES, "smtp": relay},
    }
    settings["listeners"] = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    hub.config.write_text(json.dumps(settings))
    return ports


def letter(text: str, message_id: str, size: int = 0) -> bytes:
    """A mail whose file has about so many octets."""
    head = f"From: Mina <mina@example.org>\r\nSubject: {text}\r\nDate: {DATE}\r\n"
    head += f"Message-ID: <{message_id}@example.org>\r\n"
    if not size:
        return f"{head}\r\n{text}\r\n".encode()
    head += "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
    body = f"--b\r\nContent-Type: text/plain\r\n\r\n{text}\r\n--b\r\nContent-Type: application/octet-stream\r\n"
    body += "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=x.bin\r\n\r\n"
    return f"{head}\r\n{body}".encode() + (b"QUFB" * 19 + b"\r\n") * (size // 57) + b"--b--\r\n"


class Sender(threading.Thread):
    """A mail server with a queue: each letter again and again until it hears 250."""

    def __init__(self, name: str, port: int, stop: threading.Event, large_every: int = 7) -> None:
        super().__init__(daemon=True)
        self._label = name
        self._port = port
        self._stopped = stop
        self._large_every = large_every
        self.acknowledged: list[str] = []

    def run(self) -> None:
        for n in itertools.count(1):
            text = f"{self._label}:{n}"
            content = letter(text, text, 150_000 if n % self._large_every == 0 else 0)
            while not self._taken(content):
                if self._stopped.is_set():
                    return
                time.sleep(0.02)
            self.acknowledged.append(text)
            if self._stopped.is_set():
                return

    def _taken(self, content: bytes) -> bool:
        try:
            with smtplib.SMTP("127.0.0.1", self._port, timeout=10) as client:
                client.sendmail("mina@example.org", SUPPORT, content)
        except (smtplib.SMTPException, OSError):
            return False
        return True
