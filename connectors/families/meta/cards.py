"""Cards side by side: the generic template of Messenger and Instagram.

Pictures go by their address; a button opens a page, reports a value, or calls a number (Messenger only). Source:
developers.facebook.com/docs/messenger-platform/send-messages/template/generic, /send-messages/buttons and
/docs/instagram-messaging/generic-template (read 2026-11).
"""

from typing import Any, Final

from connectors.kit.base import File, Outbound
from connectors.kit.errors import Refused
from normalizer.capability import ActionLimit, CardLimit, TextLimit
from normalizer.errors import ErrorCode
from normalizer.parts import Action, CallAction, Card, LinkAction, PostbackAction, ReplyAction

LABEL: Final = TextLimit(most=20, unit="utf16")
VALUE: Final = TextLimit(most=1000, unit="utf16")
WORDS: Final = TextLimit(most=80, unit="utf16")


def limit(*types: str) -> CardLimit:
    """Of cards whose buttons are of these types."""
    buttons = ActionLimit(types=frozenset(types), most=3, label=LABEL, value=VALUE)
    return CardLimit(title=WORDS, text=WORDS, actions=buttons, most=10)


def carousel(outbound: Outbound) -> dict[str, Any]:
    """Raises Refused."""
    if outbound.payload.text or outbound.payload.media:
        raise Refused("cards have no words or files beside them", code=ErrorCode.CONTENT_UNSUPPORTED)
    elements = [_element(card, outbound) for card in outbound.payload.cards]
    return {"attachment": {"type": "template", "payload": {"template_type": "generic", "elements": elements}}}


def address(file: File) -> str:
    """Where Meta fetches a file. Raises Refused."""
    if file.url is None or not file.url.startswith("https://"):
        raise Refused(f"no https address to fetch {file.attachment_id} from", code=ErrorCode.MEDIA_UNREACHABLE)
    return file.url


def _element(card: Card, outbound: Outbound) -> dict[str, Any]:
    told: dict[str, Any] = {"title": card.title}
    if card.text:
        told["subtitle"] = card.text
    if card.image:
        file = outbound.files.get(card.image)
        if file is None:
            raise Refused(f"no file for attachment {card.image}", code=ErrorCode.MEDIA_UNREACHABLE)
        told["image_url"] = address(file)
    if card.actions:
        told["buttons"] = [_button(action) for action in card.actions]
    return told


def _button(action: Action) -> dict[str, str]:
    match action:
        case LinkAction(label=label, url=url):
            return {"type": "web_url", "title": label, "url": url}
        case CallAction(label=label, number=number):
            return {"type": "phone_number", "title": label, "payload": number}
        case ReplyAction(label=label, value=value) | PostbackAction(label=label, value=value):
            return {"type": "postback", "title": label, "payload": value or label}
    raise Refused("a card cannot ask where somebody is", code=ErrorCode.CONTENT_UNSUPPORTED)
