"""What no part expresses is kept as it came, as far as it can be looked at."""

import msgspec

from connectors.channels.viber.parse import parse
from normalizer.inbound import MessageReceived, Unreadable


def item(levels: int) -> MessageReceived | Unreadable:
    """What becomes of a message of an unknown type, nested so deep."""
    inner: object = "box"
    for _ in range(levels - 2):
        inner = [inner]
    said = {"type": "rich", "content": inner}
    sender = {"id": "01234567890A=", "name": "Ira"}
    told = {"event": "message", "timestamp": 1790000000123, "message_token": 1, "sender": sender, "message": said}
    (found,) = parse(msgspec.json.encode(told))
    assert isinstance(found, MessageReceived | Unreadable)
    return found


def test_what_is_nested_too_deeply_to_be_passed_on_is_set_aside() -> None:
    assert isinstance(item(16), MessageReceived)
    found = item(17)
    assert isinstance(found, Unreadable)
    assert found.reason == "nested too deeply"
