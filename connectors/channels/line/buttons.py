"""What a reader may do, as LINE's action objects: under a message (quick replies) or on a card.

A reply and a postback both come back as a postback event; the reply shows its label as the reader's words. Source:
developers.line.biz/en/reference/messaging-api/#action-objects (read 2026-11).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, assert_never

from connectors.channels.line.choices import written
from connectors.kit.errors import Refused
from normalizer.errors import ErrorCode
from normalizer.parts import (
    Action,
    CallAction,
    FormAction,
    LinkAction,
    PostbackAction,
    ReplyAction,
    ShareLocationAction,
)

LONGEST_LINK: Final = 1000
SCHEMES: Final = ("http://", "https://", "tel:", "line://")


def quick_reply(actions: Sequence[Action]) -> Mapping[str, Any]:
    """Buttons above the reader's keyboard, gone once they write. Raises Refused."""
    return {"items": [{"type": "action", "action": action(one)} for one in actions]}


def button(one: Action) -> Mapping[str, Any]:
    """A button of a card. Raises Refused."""
    if isinstance(one, ShareLocationAction):
        raise Refused("a card cannot ask for a location", code=ErrorCode.CONTENT_UNSUPPORTED)
    return {"type": "button", "style": "link", "height": "sm", "action": action(one)}


def action(one: Action) -> Mapping[str, Any]:
    """Raises Refused."""
    match one:
        case ReplyAction(label=label, value=value):
            return {"type": "postback", "label": label, "data": written(value, label), "displayText": label}
        case PostbackAction(label=label, value=value):
            return {"type": "postback", "label": label, "data": written(value, label)}
        case LinkAction(label=label, url=url):
            return {"type": "uri", "label": label, "uri": _link(url)}
        case CallAction(label=label, number=number):
            return {"type": "uri", "label": label, "uri": _link(f"tel:{number}")}
        case ShareLocationAction(label=label):
            return {"type": "location", "label": label}
        case FormAction():
            raise Refused("LINE has no forms", code=ErrorCode.CONTENT_UNSUPPORTED)
        case _:
            assert_never(one)


def _link(url: str) -> str:
    if not url.startswith(SCHEMES) or len(url) > LONGEST_LINK:
        raise Refused("not a link LINE opens", code=ErrorCode.CONTENT_UNSUPPORTED)
    return url
