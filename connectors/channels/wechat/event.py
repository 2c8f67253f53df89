"""What WeChat posts, as far as it is read.

Source: developers.weixin.qq.com/doc/offiaccount/Message_Management/Receiving_standard_messages.html,
.../Receiving_event_pushes.html, .../Custom_Menus/Custom_Menu_Push_Events.html (read 2026-11).
"""

from typing import Annotated, Any, TypeVar

import msgspec

from connectors.kit.errors import BadPayload

T = TypeVar("T")
Moment = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999)]
"""Seconds since 1970; some gateways in between write milliseconds."""
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Key = Annotated[str, msgspec.Meta(max_length=2048)]
Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90)]
Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180)]


class _Posted(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    pass


class Posted(_Posted, frozen=True, kw_only=True):
    """What stands in everything."""

    from_user_name: Name
    create_time: Moment
    msg_type: Name


class Said(Posted, frozen=True, kw_only=True):
    msg_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class Happened(Posted, frozen=True, kw_only=True):
    event: Name
    event_key: Key = ""


class Text(_Posted, frozen=True, kw_only=True):
    content: str
    choice: str = msgspec.field(default="", name="bizmsgmenuid")
    """Of a line somebody touched in a menu that was sent."""


class File(_Posted, frozen=True, kw_only=True):
    media_id: Name
    format: str = ""
    recognition: str = ""
    """What WeChat heard, where the account has that switched on."""


class Place(_Posted, frozen=True, kw_only=True):
    latitude: Latitude = msgspec.field(name="Location_X")
    longitude: Longitude = msgspec.field(name="Location_Y")
    label: str = ""
    poiname: str = ""


class Chosen(_Posted, frozen=True, kw_only=True):
    send_location_info: Place


class Position(_Posted, frozen=True, kw_only=True):
    latitude: Latitude
    longitude: Longitude


class Link(_Posted, frozen=True, kw_only=True):
    title: str = ""
    description: str = ""
    url: str = ""


class Code(_Posted, frozen=True, kw_only=True):
    scan_result: str
    scan_type: str = ""


class Scanned(_Posted, frozen=True, kw_only=True):
    scan_code_info: Code


class Finished(_Posted, frozen=True, kw_only=True):
    """A template message, sent from here or elsewhere."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] = msgspec.field(name="MsgID")
    status: str


def typed(tree: dict[str, Any], kind: type[T]) -> T:
    """Raises BadPayload."""
    try:
        return msgspec.convert(tree, kind, strict=False)
    except msgspec.ValidationError as error:
        raise BadPayload(str(error)) from None
