"""OAuth 1.0a: who asks X for something, as an `Authorization` header (RFC 5849, HMAC-SHA1).

Bodies are JSON or files, which are not signed. Source: docs.x.com/resources/fundamentals/authentication (read 2026-11).
"""

import base64
import hmac
from collections.abc import Callable
from datetime import datetime
from hashlib import sha1
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit
from uuid import uuid4

import msgspec

from connectors.kit.errors import KitError
from connectors.kit.secret import Secret

METHOD: Final = "HMAC-SHA1"


class OAuth1(msgspec.Struct, frozen=True):
    consumer_key: str
    consumer_secret: Secret
    access_token: Secret
    access_token_secret: Secret
    now: Callable[[], datetime]

    async def header(self, method: str, url: str) -> str:
        return authorization(self, method, url, self.now(), uuid4().hex)

    def refused(self, _header: str, why: KitError) -> KitError:
        """What X's 401 means for a request with this header."""
        return why


def authorization(keys: OAuth1, method: str, url: str, now: datetime, nonce: str) -> str:
    """`nonce` is new for each request."""
    told = {
        "oauth_consumer_key": keys.consumer_key,
        "oauth_nonce": nonce,
        "oauth_signature_method": METHOD,
        "oauth_timestamp": str(int(now.timestamp())),
        "oauth_token": keys.access_token.reveal(),
        "oauth_version": "1.0",
    }
    told["oauth_signature"] = signature(
        keys.consumer_secret.reveal(), keys.access_token_secret.reveal(), method, url, told
    )
    return "OAuth " + ", ".join(f'{name}="{_quoted(value)}"' for name, value in sorted(told.items()))


def signature(consumer_secret: str, token_secret: str, method: str, url: str, told: dict[str, str]) -> str:
    parts = urlsplit(url)
    pairs = [*parse_qsl(parts.query, keep_blank_values=True), *told.items()]
    joined = "&".join(f"{name}={value}" for name, value in sorted((_quoted(n), _quoted(v)) for n, v in pairs))
    base = "&".join((method.upper(), _quoted(f"{parts.scheme}://{_host(url)}{parts.path}"), _quoted(joined)))
    key = f"{_quoted(consumer_secret)}&{_quoted(token_secret)}"
    return base64.b64encode(hmac.new(key.encode(), base.encode(), sha1).digest()).decode()


def _host(url: str) -> str:
    parts = urlsplit(url)
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    host = (parts.hostname or "").lower()
    return host if parts.port in (None, usual) else f"{host}:{parts.port}"


def _quoted(text: str) -> str:
    return quote(text, safe="-._~")
