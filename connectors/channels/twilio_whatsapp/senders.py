"""The connector's sender at Twilio: the webhook that is kept with it, and the sign that somebody writes.

Source: twilio.com/docs/whatsapp/api/senders, twilio.com/docs/whatsapp/api/typing-indicators-resource, twilio-python's
`messaging.v2` (read 2026-11).
"""

from typing import Any, Final
from urllib.parse import urldefrag, urlencode

import msgspec

from connectors.channels.twilio_whatsapp.config import Config
from connectors.channels.twilio_whatsapp.people import PREFIX
from connectors.families.twilio.api import MESSAGING, Api
from connectors.kit.base import Registration
from connectors.kit.errors import Misconfigured, Temporary

SENDERS: Final = f"{MESSAGING}/v2/Channels/Senders"
TYPING: Final = f"{MESSAGING}/v2/Indicators/Typing.json"
PAGE: Final = 100
MOST_PAGES: Final = 50


class Own(msgspec.Struct, frozen=True):
    """A sender of the account."""

    sid: str
    sender_id: str = ""
    status: str | None = None
    webhook: dict[str, Any] | None = None


class Meta(msgspec.Struct, frozen=True):
    next_page_url: str | None = None


class Page(msgspec.Struct, frozen=True):
    senders: list[Own] = []
    meta: Meta = Meta()


OWN: Final = msgspec.json.Decoder(Own)
PAGES: Final = msgspec.json.Decoder(Page)
DONE: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


async def show_typing(api: Api, message: str) -> None:
    """For 25 seconds or until something is sent; Twilio marks the message as read by it. Raises Temporary,
    Misconfigured, Refused."""
    await api.change(TYPING, {"channel": "whatsapp", "messageId": message}, DONE)


async def find(api: Api, config: Config) -> Own:
    """Raises Misconfigured where the account has no such sender; Temporary."""
    wanted = PREFIX + config.number
    url = f"{SENDERS}?{urlencode({'Channel': 'whatsapp', 'PageSize': PAGE})}"
    for _ in range(MOST_PAGES):
        page = await api.get(url, PAGES)
        if found := next((one for one in page.senders if one.sender_id == wanted), None):
            return found
        if page.meta.next_page_url is None:
            raise Misconfigured(f"{wanted} is no sender of this account; the sandbox's webhook is set in the console")
        url = page.meta.next_page_url
    raise Temporary(f"the account has more than {MOST_PAGES * PAGE} senders")


async def point(api: Api, config: Config, webhook: str) -> Own:
    """Tells Twilio where to post to; nowhere, if empty. What else is kept with it stays. Raises Misconfigured,
    Temporary."""
    own = await find(api, config)
    kept = {**(own.webhook or {}), "callback_url": webhook, "callback_method": "POST"}
    return await api.change_by_json(f"{SENDERS}/{own.sid}", {"webhook": kept}, OWN)


def registration(own: Own) -> Registration:
    """As the hub knows it; how often Twilio tries stands behind the URL's `#`."""
    kept = own.webhook or {}
    url, tries = urldefrag(str(kept.get("callback_url") or ""))
    told = {"method": kept.get("callback_method"), "overrides": tries, "status": (own.status or "").lower()}
    return Registration(url=url or None, details={name: value for name, value in told.items() if value})
