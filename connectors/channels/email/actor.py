"""The customer of the demonstration by e-mail, with the mail server of the house before the hub.

That server looks at DMARC and says so; the hub believes it because it is configured to.
"""

import smtplib
from collections.abc import Mapping, Sequence
from email import policy
from email.parser import BytesParser
from typing import Any, ClassVar

from connectors.channels.email.simulator import Simulator
from connectors.kit.acting import SECONDS, Actor, NotTaken, Scene
from connectors.kit.fixtures import WireRequest

SERVER = "mx.example.net"
ADDRESS = "help@example.net"
CONFIG = {
    "address": ADDRESS,
    "name": "Example Support",
    "smtp": "smtp://hub:demonstration@relay.example.net",
    "secret": "demonstration-of-no-real-house-01",
    "authserv_ids": [SERVER],
}


class Writer(Actor[Simulator]):
    connector: ClassVar[str] = "mail"
    line: ClassVar[str] = "I forgot to say by mail: the order number is 1042."

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene, Simulator(CONFIG, f"{scene.hub}/in/{self.connector}"))

    def entry(self) -> Mapping[str, Any]:
        return {"plugin": "email", **self.provider.settings()}

    def say(self, text: str) -> None:
        sender = self.scene.role.email
        domain = sender.rpartition("@")[2]
        seen = f"Authentication-Results: {SERVER}; dmarc=pass header.from={domain}\r\n".encode()
        mail = seen + self.provider.message(text, sender)
        try:
            with smtplib.SMTP(*self.scene.mail, timeout=SECONDS) as server:
                server.sendmail(sender, [ADDRESS], mail)
        except (OSError, smtplib.SMTPException) as error:
            raise NotTaken(f"mail: {error}") from error

    def heard(self) -> Sequence[str]:
        return [_text(one) for one in self.provider.performed]


def _text(sent: WireRequest) -> str:
    """What a mail program shows."""
    head = "".join(f"{name}: {value}\r\n" for name, value in sent.headers.items() if name.startswith("content-"))
    mail = BytesParser(policy=policy.default).parsebytes(head.encode() + b"\r\n" + sent.body)
    plain = mail.get_body(("plain",))
    return str(plain.get_content()).strip() if plain else ""
