"""Whether Twilio sent a request: HMAC-SHA1, with the account's token, over the URL and what came with it.

What is signed is the URL followed by every distinct field as name and value, in order and without separators. A JSON
body is not in it: the URL then carries the body's SHA-256. There is no time in it either, so a replay is known only by
the message's id. Source: twilio.com/docs/usage/webhooks/webhooks-security, twilio-python's `request_validator`
(read 2026-11). Signatures with a shared key (`X-Twilio-Webhooks-Signature-Settings`) are not read.
"""

import base64
import hmac
from collections.abc import Iterable, Sequence
from contextlib import suppress
from hashlib import sha1, sha256
from typing import Final
from urllib.parse import urlsplit

from connectors.kit.errors import BadPayload, BadSignature
from connectors.kit.request import Request
from connectors.kit.secret import Secret

HEADER: Final = "x-twilio-signature"
BODY_HASH: Final = "bodySHA256"
FORM: Final = "application/x-www-form-urlencoded"
PORTS: Final = {"http": 80, "https": 443}


def sign(token: Secret, url: str, fields: Iterable[tuple[str, str]] = ()) -> str:
    """The signature, as the header has it."""
    signed = url + "".join(name + value for name, value in sorted(set(fields)))
    mac = hmac.new(token.reveal().encode(), signed.encode("utf-8", "surrogatepass"), sha1)
    return base64.b64encode(mac.digest()).decode()


def verify(request: Request, token: Secret) -> None:
    """Raises BadSignature unless the owner of the token signed this."""
    presented = request.headers.get(HEADER)
    if not presented:
        raise BadSignature("no X-Twilio-Signature", missing=presented is None)
    fields: Sequence[tuple[str, str]] = ()
    urls: Sequence[str] = ()
    with suppress(BadPayload, ValueError):  # of what cannot be read, nothing was signed
        fields = () if is_json(request) else request.form
        urls = spellings(request.url)
    given = presented.encode("utf-8", "surrogatepass")
    genuine = [hmac.compare_digest(sign(token, url, fields).encode(), given) for url in urls]
    if not any(genuine):
        raise BadSignature("not signed with this account's token, or for another URL than public_url makes")
    if not _whole(request):
        raise BadSignature("not the body that was signed")


def is_json(request: Request) -> bool:
    """Whether the body was signed by its hash rather than by its fields. Raises BadPayload."""
    told = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return told != FORM and any(name == BODY_HASH for name, _ in request.query)


def _whole(request: Request) -> bool:
    """Whether the body is the one the URL tells the hash of. A GET has a hash now and then, and nothing to hash."""
    if not is_json(request) or (request.method == "GET" and not request.body):
        return True
    ours = sha256(request.body).hexdigest().encode()
    told = [value.encode("utf-8", "surrogatepass") for name, value in request.query if name == BODY_HASH]
    return all(hmac.compare_digest(ours, value) for value in told)


def spellings(url: str) -> Sequence[str]:
    """The URL as it is, and with its port the other way: Twilio's signers do not agree on writing it.

    Raises ValueError.
    """
    parts = urlsplit(url)
    host = parts.netloc if parts.port is None else parts.netloc.rpartition(":")[0]
    other = host if parts.port is not None else f"{host}:{PORTS[parts.scheme]}"
    return url, url.replace(f"//{parts.netloc}", f"//{other}", 1)
