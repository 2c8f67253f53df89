"""What a device shows of a message: a title, some words, and where a tap leads.

A locked screen is read by whoever stands beside it, and a push service may read what it carries. So by default a
notification says only that there is an answer; whoever wants its words shown says so (`preview`).
"""

from typing import Annotated, Final

import msgspec

from connectors.families.app.devices import DeviceKeys
from connectors.families.app.receipts import Receipts
from connectors.kit.base import Outbound
from connectors.kit.errors import Refused
from normalizer.capability import Capability, TextLimit
from normalizer.errors import ErrorCode

MOST_TEXT: Final = 1000
"""Octets of the words. Written as JSON they are at most twice as many, so all of it fits into 3993 octets."""
CAPABILITY: Final = Capability(
    text=TextLimit(most=MOST_TEXT, unit="octets"),
    single=True,
    initiates=False,  # a device has to register
    inbound=frozenset({"consent_changed", "identity_moved", "status_changed"}),
)
"""One notification for a message."""
ID: Final = "{conversation}"

Line = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]


class NoticeKeys(DeviceKeys, frozen=True, kw_only=True):
    """Settings of what notifications say."""

    title: Line
    """What stands over every notification: your brand."""
    notice: Line = "You have an answer"
    """What it says where it does not show the words of the message."""
    preview: bool = False
    """Shows the beginning of the message. Anybody near a locked screen can read it."""
    link: Annotated[str, msgspec.Meta(max_length=400, pattern=r"^[!-~]+$")] | None = None
    """Where a tap leads: the page with your chat, or an address your app opens. `{conversation}` becomes its id."""
    keep_seconds: Annotated[int, msgspec.Meta(ge=0, le=2_419_200)] = 86_400
    """How long the push service keeps a notification for a device that is off; 0: not at all."""
    rate_pause: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 60.0
    """How many seconds the connector waits after too many notifications, where the push service does not say."""
    send_seconds: Annotated[float, msgspec.Meta(gt=0, le=300)] = 30.0


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    body: str
    link: str | None
    conversation: str
    message: str
    receipt: str

    @property
    def data(self) -> dict[str, str]:
        """For the app: what a tap is about, and with what it tells that there was one."""
        told = {
            "link": self.link,
            "conversation": self.conversation,
            "message": self.message,
            "receipt": self.receipt,
        }
        return {name: value for name, value in told.items() if value}

    @property
    def topic(self) -> str:
        """By which a later notification of the conversation takes the place of an earlier; 32 characters at most."""
        return self.conversation.replace("-", "")[:32]


def notice(outbound: Outbound, config: NoticeKeys, receipts: Receipts) -> Notice:
    """Raises Refused for what no notification can hold."""
    payload = outbound.payload
    if payload.media or payload.cards or payload.actions or payload.location or payload.contact_card:
        raise Refused("a notification carries text only", code=ErrorCode.CONTENT_UNSUPPORTED)
    words = "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in payload.text).strip()
    return Notice(
        title=config.title,
        body=_start(words) if config.preview and words else config.notice,
        link=config.link and config.link.replace(ID, outbound.conversation_id),
        conversation=outbound.conversation_id,
        message=outbound.message_id,
        receipt=receipts.of(outbound.token),
    )


def _start(words: str) -> str:
    return words.encode()[:MOST_TEXT].decode(errors="ignore")
