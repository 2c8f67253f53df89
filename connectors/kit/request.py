"""One request of a provider as it came, and what the provider hears."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit

import msgspec

from connectors.kit.errors import BadPayload

T = TypeVar("T")
MAX_FIELDS = 1000
_ESCAPE = re.compile(rb"\\(?:ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|(?P<half>ud[89a-f][0-9a-f]{2})|.)", re.I | re.S)
"""One of JSON, or a whole surrogate pair."""


@dataclass(frozen=True)
class Request:
    """Bytes as they came. `headers` are lower-case; `url` is the public one, as the provider was told it."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    """UTC; the only clock a plugin sees."""
    raw: str = ""
    """Names what the hub keeps of it: `Tools.raw` finds it again when `fetch` reads a part of it."""
    peer: str = ""
    """The network address of who asked, for `verify` alone: it is not kept, and empty where nobody knows it."""

    @cached_property
    def query(self) -> list[tuple[str, str]]:
        return _pairs(urlsplit(self.url).query)

    @cached_property
    def form(self) -> list[tuple[str, str]]:
        """Decoded `application/x-www-form-urlencoded` fields in their order. Raises BadPayload."""
        return _pairs(self.body.decode("ascii", "surrogateescape"))


@dataclass(frozen=True)
class Response:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except (ValueError, UnicodeDecodeError) as error:
        raise BadPayload(f"not a form: {error}") from error


def decode(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """The one way from JSON bytes to a typed value. Raises only BadPayload.

    Half of a surrogate pair, as stays behind where a text of UTF-16 was cut within a smiley, becomes U+FFFD (RFC 8259,
    section 8.2, leaves open what is made of it): else one customer's name would spoil a batch of other people's words.
    """
    try:
        return _decoded(body, decoder)
    except BadPayload:
        sound = paired(body)
        if sound == body:
            raise
    return _decoded(sound, decoder)


def paired(body: bytes) -> bytes:
    """JSON without halves of surrogate pairs."""
    return _ESCAPE.sub(lambda found: rb"\ufffd" if found["half"] else found[0], body)


def _decoded(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    try:
        return decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise BadPayload(str(error)) from error
    except RecursionError as error:
        raise BadPayload("nested too deeply") from error
    except UnicodeDecodeError as error:
        raise BadPayload("not UTF-8") from error
