"""Requests of ours, signed as a provider wants it: a class for each name of `connectors.kit.declared.signatures`.

A signature is of its time and, where the provider wants a number that is used once, of the request's token: one message
is sent at most once at a time, so that the two together are never seen again.

Sources: tencentcloud-sdk-python-common 3.1.195, alibabacloud-tea-openapi 0.4.6 (read 2026-11).
"""

import hmac
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl, quote, urlsplit

from connectors.kit.declared import signatures

Value = Callable[[str], str]
HEADER: Final = "authorization"
_CONTENT: Final = "content-type"


@dataclass(frozen=True)
class Asking:
    """A request. Names of headers are in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


class Signer(ABC):
    """Of one declaration. What is signed can be told from the request alone, so that whoever gets it signs it again."""

    moment: ClassVar[tuple[str, ...]]
    """Headers that no other request has."""

    @abstractmethod
    def stamped(self, asking: Asking, at: datetime, token: str) -> Mapping[str, str]:
        """The headers that say when it was signed."""

    @abstractmethod
    def authorization(self, asking: Asking, value: Value) -> str:
        """Raises KeyError, ValueError where a header of `stamped` is missing or none."""

    def signed(self, asking: Asking, at: datetime, token: str, value: Value) -> dict[str, str]:
        """All headers but that of the host, which the client writes."""
        stamped = {**asking.headers, **self.stamped(asking, at, token)}
        whole = replace(asking, headers={**stamped, "host": urlsplit(asking.url).netloc})
        return {**stamped, HEADER: self.authorization(whole, value)}


class ByTc3(Signer):
    moment = ("x-tc-timestamp",)

    def __init__(self, declared: signatures.Tc3) -> None:
        self._declared = declared

    def stamped(self, asking: Asking, at: datetime, token: str) -> Mapping[str, str]:  # noqa: ARG002 - of the contract
        return {"x-tc-timestamp": str(int(at.timestamp()))}

    def authorization(self, asking: Asking, value: Value) -> str:
        stamp, names = asking.headers["x-tc-timestamp"], (_CONTENT, "host")
        day = datetime.fromtimestamp(int(stamp), UTC).strftime("%Y-%m-%d")
        steps = (day, self._declared.service, "tc3_request")
        told = "\n".join(("TC3-HMAC-SHA256", stamp, "/".join(steps), _hex(_canonical(asking, names).encode())))
        key = f"TC3{value(self._declared.key)}".encode()
        for step in steps:
            key = hmac.digest(key, step.encode(), sha256)
        credential = "/".join((value(self._declared.id), *steps))
        return f"TC3-HMAC-SHA256 Credential={credential}, SignedHeaders={';'.join(names)}, Signature={_mac(key, told)}"


class ByAcs3(Signer):
    moment = ("x-acs-date", "x-acs-signature-nonce")

    def __init__(self, declared: signatures.Acs3) -> None:
        self._declared = declared

    def stamped(self, asking: Asking, at: datetime, token: str) -> Mapping[str, str]:
        stamp = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        nonce = _hex(f"{token}\n{stamp}".encode())[:32]
        return {"x-acs-date": stamp, "x-acs-signature-nonce": nonce, "x-acs-content-sha256": _hex(asking.body)}

    def authorization(self, asking: Asking, value: Value) -> str:
        names = sorted(name for name in asking.headers if name.startswith("x-acs-") or name in ("host", _CONTENT))
        told = f"ACS3-HMAC-SHA256\n{_hex(_canonical(asking, names).encode())}"
        signature = _mac(value(self._declared.key).encode(), told)
        credential = f"Credential={value(self._declared.id)},SignedHeaders={';'.join(names)}"
        return f"ACS3-HMAC-SHA256 {credential},Signature={signature}"


SIGNERS: Final[Mapping[type[signatures.Signature], Callable[[Any], Signer]]] = {
    signatures.Tc3: ByTc3,
    signatures.Acs3: ByAcs3,
}


def signer(declared: signatures.Signature) -> Signer:
    return SIGNERS[type(declared)](declared)


def _canonical(asking: Asking, names: list[str] | tuple[str, ...]) -> str:
    """The request as both read it: the query sorted and percent-encoded (RFC 3986), and the headers of these names."""
    parts = urlsplit(asking.url)
    pairs = sorted(parse_qsl(parts.query, keep_blank_values=True))
    query = "&".join(f"{quote(name, safe='~')}={quote(text, safe='~')}" for name, text in pairs)
    lines = "".join(f"{name}:{asking.headers[name].strip()}\n" for name in names)
    return "\n".join((asking.method, parts.path or "/", query, lines, ";".join(names), _hex(asking.body)))


def _hex(octets: bytes) -> str:
    return sha256(octets).hexdigest()


def _mac(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), sha256).hexdigest()
