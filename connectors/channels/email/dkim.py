"""A DKIM signature made while the mail is read from its files, twice and never whole.

Most relays sign by themselves; this is for those that do not. Header canonicalisation is relaxed, that of the body
simple, which our own bodies, written with CRLF and without empty lines at the end, already are. RSA only, which every
receiver knows. Source: RFC 6376 §3.4, §3.5, §3.7 (read 2026-11).
"""

import re
from base64 import b64encode
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from connectors.channels.email.config import Config
from connectors.families.mail.compose import Letter
from connectors.kit.errors import Misconfigured
from connectors.kit.secret import Secret

SIGNED = frozenset(
    {
        *("from", "to", "subject", "date", "message-id", "in-reply-to", "references", "reply-to", "auto-submitted"),
        *("mime-version", "content-type", "content-transfer-encoding"),
    }
)
LINE = 70
SHORTEST_KEY = 1024
_FOLD = re.compile(r"\r\n[ \t]+")
_SPACE = re.compile(r"[ \t]+")


def signed(letter: Letter, config: Config, at: datetime) -> Letter:
    """The mail with its signature before it. Blocks while it reads files. Raises Misconfigured."""
    assert config.dkim_key is not None
    assert config.dkim_selector is not None
    field = signature(letter, config.dkim_selector, config.domain, read_key(config.dkim_key), at)
    return replace(letter, head=field + letter.head, size=letter.size + len(field))


def read_key(pem: Secret) -> RSAPrivateKey:
    """Raises Misconfigured."""
    try:
        key = load_pem_private_key(pem.reveal().encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPrivateKey) or key.key_size < SHORTEST_KEY:
        raise Misconfigured(f"dkim_key: no RSA key of {SHORTEST_KEY} bits or more in PEM form without a password")
    return key


def signature(letter: Letter, selector: str, domain: str, key: RSAPrivateKey, at: datetime) -> bytes:
    """The header field, ended, that goes before the mail's others."""
    fields = [
        (name.lower(), _SPACE.sub(" ", value).strip())
        for name, _, value in (line.partition(":") for line in _FOLD.sub(" ", letter.head.decode()).split("\r\n"))
        if name.lower() in SIGNED
    ]
    named = [name for name, _ in fields]
    tags = {
        "v": "1",
        "a": "rsa-sha256",
        "c": "relaxed/simple",
        "d": domain,
        "s": selector,
        "t": str(int(at.timestamp())),
        # A name more than there are fields: nobody can add another author.
        "h": ":".join([*named, "from"]),
        "bh": _body_hash(letter),
        "b": "",
    }
    value = "; ".join(f"{name}={text}" for name, text in tags.items())
    canonical = "".join(f"{name}:{text}\r\n" for name, text in fields) + f"dkim-signature:{value}"
    made = b64encode(key.sign(canonical.encode(), PKCS1v15(), SHA256())).decode()
    folded = "\r\n ".join(made[at : at + LINE] for at in range(0, len(made), LINE))
    head = value.removesuffix("b=").replace("; ", ";\r\n ").rstrip()
    return f"DKIM-Signature: {head}\r\n b={folded}\r\n".encode()


def _body_hash(letter: Letter) -> str:
    digest = sha256()
    chunks = letter.chunks()
    digest.update(next(chunks)[len(letter.head) + 2 :])
    for chunk in chunks:
        digest.update(chunk)
    return b64encode(digest.digest()).decode()
