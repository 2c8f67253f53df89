"""The plugin at work against its simulator, on a loop of its own, and mails to give it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from connectors.channels import email
from connectors.channels.email import Email
from connectors.channels.email.simulator import Simulator
from connectors.kit.base import File, Outbound, Tools
from connectors.kit.config import configured
from connectors.kit.errors import Refused
from connectors.kit.http import Exchange, Http
from connectors.kit.redact import secrets_of
from connectors.kit.request import Request
from normalizer.inbound import Address, Inbound
from normalizer.payload import Payload

T = TypeVar("T")
FIXTURES = Path(email.__file__).parent / "fixtures"
PASSWORD = "password-nobody/shall@see"
SECRET = "secret-nobody_shall_see-01"
SETTINGS: dict[str, Any] = {
    "address": "help@example.com",
    "name": "Example Support",
    "smtp": "smtp://hub:password-nobody%2Fshall%40see@relay.example.com:587",
    "secret": SECRET,
    "authserv_ids": ["mx.example.com"],
    "tls": "none",
}
TOKEN = "019a3c5e-7d10-7c3a-9b1e-0a1b2c3d4e5f.1"
ANN = "ann@example.net"
NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


def config(**settings: Any) -> Any:
    return configured(Email.Config, {**SETTINGS, **settings})


def nothing_kept(name: str) -> Path | bytes:
    raise Refused(name)


def plugin(raw: Callable[[str], Path | bytes] = nothing_kept, **settings: Any) -> Email:
    return Email(config(**settings), Tools("mail", Http("mail"), lambda: NOW, raw=raw))


def during(
    provider: Simulator,
    act: Callable[[Email], Awaitable[T]],
    log: Callable[[Exchange], None] = lambda _: None,
    **settings: Any,
) -> T:
    """What `act` gives with a plugin that hands its mail to `provider`."""

    async def run() -> T:
        configured_ = configured(Email.Config, {**provider.settings(), **settings})
        http = Http("mail", log=log, secrets=secrets_of(configured_))
        try:
            return await act(Email(configured_, Tools("mail", http, lambda: NOW)))
        finally:
            await _parted()

    return asyncio.run(run())


async def _parted() -> None:
    """Waits until every connection of this loop has ended: with TLS both sides have a last word, and a send or a check
    does not wait for it."""
    selector = asyncio.get_running_loop()._selector
    async with asyncio.timeout(5):
        while len(selector.get_map()) > 1:  # noqa: ASYNC110 - the loop's own pipe is always there
            await asyncio.sleep(0.001)


def came(mail: bytes, to: str = "help@example.com", sender: str | None = ANN, raw: str = "raw-1") -> Request:
    """A mail as the hub's listener hands it on."""
    headers = {"rcpt-to": to, "peer": "192.0.2.1"} | ({} if sender is None else {"mail-from": sender})
    return Request("SMTP", "smtp://127.0.0.1:2525/mail", headers, mail, NOW, raw)


def parsed(mail: bytes | str, to: str = "help@example.com", sender: str | None = ANN, **settings: Any) -> Inbound:
    octets = mail.encode() if isinstance(mail, str) else mail
    (item,) = plugin(**settings).parse(came(octets, to, sender))
    return item


def mail(body: str = "hi", **fields: str) -> str:
    """A mail of these fields, underscores for hyphens, and of the usual ones."""
    usual = {"From": f"Ann <{ANN}>", "To": "help@example.com", "Subject": "Hello", "Message-ID": "<m1@example.net>"}
    named = {name.replace("_", "-").title().replace("-Id", "-ID"): value for name, value in fields.items()}
    head = "".join(f"{name}: {value}\n" for name, value in {**usual, **named}.items() if value)
    return f"{head}\n{body}\n"


def text(words: str = "hello", **more: Any) -> Outbound:
    to = Address(scheme="mailto", value=more.pop("to", ANN))
    return Outbound(**{"token": TOKEN, "address": to, "payload": Payload(text=words), **more})


def file(path: Path, name: str = "label.png", media_type: str = "image/png") -> File:
    return File(path.name, path, media_type, name, path.stat().st_size)


def certificate_in(folder: Path) -> Path:
    """Certificate and key of `localhost` in one file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=400))
        .not_valid_after(NOW + timedelta(days=4000))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    path = folder / "relay.pem"
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + made.public_bytes(pem))
    return path
