"""What a `message.received` in the feed says of the way it came by."""

from typing import Final

import msgspec


class Came(msgspec.Struct):
    route_id: str | None = None
    external_ids: tuple[str, ...] = ()


class _Data(msgspec.Struct):
    message: Came


class _Received(msgspec.Struct):
    data: _Data


_RECEIVED: Final = msgspec.json.Decoder(_Received)


def came(body: bytes | str) -> Came:
    """Of an event as it is stored."""
    return _RECEIVED.decode(body).data.message
