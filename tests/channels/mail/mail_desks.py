"""The channels that bring mail by a provider's webhook, each beside its simulator, told apart by name alone."""

from collections.abc import Mapping
from typing import Any

from connectors.channels.mailgun.simulator import Simulator as MailgunSimulator
from connectors.channels.postmark.simulator import Simulator as PostmarkSimulator
from connectors.channels.sendgrid.simulator import Simulator as SendGridSimulator
from connectors.channels.ses.simulator import Simulator as SesSimulator
from connectors.families.mail.letters import plain_mail
from connectors.kit.testing.simulator import LoopbackSimulator
from tests.channels.beside import HOOK

ANN = "ann@example.net"
OURS = "help@example.com"
SECRETS = ("secret-nobody_shall_see-01", "key-nobody_shall_see-02", "password-nobody_shall_see-03")
ADDRESS = {"address": OURS, "name": "Example Support", "secret": SECRETS[0]}
DESKS: Mapping[str, tuple[type[LoopbackSimulator], dict[str, Any]]] = {
    "mailgun": (MailgunSimulator, {"api_key": SECRETS[1], "signing_key": SECRETS[2]}),
    "postmark": (PostmarkSimulator, {"server_token": SECRETS[1], "webhook_password": SECRETS[2]}),
    "ses": (SesSimulator, {"region": "eu-west-1", "access_key_id": "AKIAEXAMPLE", "secret_access_key": SECRETS[1]}),
    "sendgrid": (SendGridSimulator, {"api_key": SECRETS[1], "inbound_secret": SECRETS[2]}),
}


def desk(name: str) -> Any:
    simulator, settings = DESKS[name]
    return simulator({**ADDRESS, **settings}, HOOK)


def written(text: str, number: str, *fields: str, sender: str = ANN, to: str = OURS) -> bytes:
    return plain_mail(text, sender, to, number, *fields)


def with_file(content: bytes, number: str) -> bytes:
    """A mail with a picture."""
    import base64

    lines = [
        f"From: <{ANN}>",
        f"To: <{OURS}>",
        "Subject: A picture",
        f"Message-ID: <{number}@example.net>",
        "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="b"',
        "",
        "--b",
        "Content-Type: text/plain",
        "",
        "Look.",
        "--b",
        "Content-Type: image/png; name=box.png",
        "Content-Transfer-Encoding: base64",
        "",
        base64.encodebytes(content).decode().replace("\n", "\r\n") + "--b--",
        "",
    ]
    return "\r\n".join(lines).encode()
