"""JSON of the model: one encoder, and one decoder per type, shared by everybody.

Strict on the way in: a wrong type, a missing field or a time without zone raises `msgspec.ValidationError`, whose text
names the path; text that is no JSON at all raises `msgspec.DecodeError`.
"""

from collections.abc import Hashable
from functools import lru_cache
from types import UnionType
from typing import Any, TypeVar, cast, overload

import msgspec

T = TypeVar("T")

_ENCODER = msgspec.json.Encoder()


def encode(value: Any) -> bytes:
    """The JSON of any value of the model: UTF-8, no spaces, times RFC 3339 with `Z`."""
    return _ENCODER.encode(value)


@overload
def decoder(kind: type[T]) -> msgspec.json.Decoder[T]: ...
@overload
def decoder(kind: UnionType) -> msgspec.json.Decoder[Any]: ...
def decoder(kind: type[Any] | UnionType) -> msgspec.json.Decoder[Any]:
    """The decoder of a type or a union such as `Inbound`; made once per type."""
    return _made(cast(Hashable, kind))


@lru_cache(maxsize=256)
def _made(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)
