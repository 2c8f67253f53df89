"""Templates: the account's contents with WhatsApp's word on each, and what is sent of one.

What the list does not have, or does not have approved, or wants filled differently, is refused before anything leaves.
Source: twilio.com/docs/content/content-api-resources, /docs/content/using-variables-with-content-api,
/docs/content/whatsappauthentication, /docs/whatsapp/tutorial/message-template-approvals-statuses (read 2026-11).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

import msgspec

from connectors.families.twilio.api import CONTENT, Api
from connectors.kit import approved
from connectors.kit.approved import Name, paired, refused
from normalizer.parts import TemplatePart

CONTENTS: Final = f"{CONTENT}/v1/ContentAndApprovals"
PAGE: Final = 500
MOST_PAGES: Final = 20
APPROVED: Final = "approved"
UNSUBMITTED: Final = "unsubmitted"
REMEDIES: Final[Mapping[str, str]] = {
    UNSUBMITTED: "submit it for approval at Twilio",
    "received": "wait for WhatsApp's approval",
    "pending": "wait for WhatsApp's approval",
    "rejected": "change it, and submit it again",
    "paused": "use another until WhatsApp lets it go again",
    "disabled": "use another; WhatsApp does not let it go again",
}
PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "header": ("header_text", "media"),
    "body": ("body", "title", "subtitle", "footer"),
    "buttons": ("actions",),
}
"""Where the values of each of a TemplatePart's fields go. A place that stands in several belongs to the first."""
KINDS: Final = frozenset(
    {
        *("twilio/text", "twilio/media", "twilio/quick-reply", "twilio/call-to-action"),
        *("twilio/card", "whatsapp/card", "whatsapp/authentication"),
    }
)
IMPLIED: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {"whatsapp/authentication": {"body": ("1",)}}
"""Places that no text of the content shows: of a code."""
_PLACE: Final = re.compile(r"\{\{\s*(\w{1,16})\s*\}\}")
_DEEPEST: Final = 3


class Approval(msgspec.Struct, frozen=True):
    """WhatsApp's word."""

    name: str | None = None
    status: str | None = None
    content_type: str | None = None
    rejection_reason: str | None = None
    whatsapp: "Approval | None" = None
    """The same, as it is told of a single content."""


class Content(msgspec.Struct, frozen=True):
    sid: str
    friendly_name: str | None = None
    language: str | None = None
    types: dict[str, Any] | None = None
    """What it says, by type; whatever is no object says nothing."""
    approval_requests: Approval | None = None

    @property
    def approval(self) -> Approval:
        told = self.approval_requests or Approval()
        return told.whatsapp or told

    @property
    def status(self) -> str:
        return (self.approval.status or UNSUBMITTED).lower()


class Meta(msgspec.Struct, frozen=True):
    next_page_url: str | None = None


class Page(msgspec.Struct, frozen=True):
    contents: list[Content]
    meta: Meta = Meta()


class Filled(NamedTuple):
    """A template as it is sent."""

    sid: str
    variables: str
    """JSON; empty where nothing is to be filled."""


PAGES: Final = msgspec.json.Decoder(Page)
Templates = approved.Templates[Content]


def templates(api: Api, now: Callable[[], datetime], lasts: float) -> Templates:
    """The account's; a list is kept for `lasts` seconds."""

    async def ask() -> Mapping[Name, Content]:
        return shelved(await listed(api))

    return Templates(ask, now, lasts, _standing)


async def listed(api: Api) -> list[Content]:
    """Raises Temporary, Misconfigured."""
    found: list[Content] = []
    url: str | None = f"{CONTENTS}?{urlencode({'PageSize': PAGE})}"
    for _ in range(MOST_PAGES):
        if url is None:
            break
        page = await api.get(url, PAGES)
        found += page.contents
        url = page.meta.next_page_url
    return found


def shelved(contents: Sequence[Content]) -> Mapping[Name, Content]:
    """By the name WhatsApp approved, else by the content's own; where there are several, an approved one."""
    shelf: dict[Name, Content] = {}
    for one in contents:
        place = (one.approval.name or one.friendly_name or "", one.language or "")
        if place not in shelf or one.status == APPROVED:
            shelf[place] = one
    return shelf


def filled(content: Content, part: TemplatePart) -> Filled:
    """Raises Refused."""
    kind = content.approval.content_type or next(iter(content.types or {}), "")
    if kind not in KINDS:
        raise refused(f"a template of the type {kind[:32]!r} is not sent here")
    told, variables, seen = (content.types or {}).get(kind), dict[str, str](), set[str]()
    said = told if isinstance(told, dict) else {}
    for where, fields in PLACES.items():
        texts = [text for field in fields for text in _texts(said.get(field), _DEEPEST)]
        shown = [*IMPLIED.get(kind, {}).get(where, ()), *(name for text in texts for name in _PLACE.findall(text))]
        places = [name for name in dict.fromkeys(shown) if name not in seen]
        variables |= paired(where, places, getattr(part, where))
        seen.update(places)
    return Filled(content.sid, msgspec.json.encode(variables).decode() if variables else "")


def _standing(content: Content) -> str | None:
    if content.status == APPROVED:
        return None
    told = content.status[:32]
    reason = f" ({content.approval.rejection_reason[:200]})" if content.approval.rejection_reason else ""
    remedy = REMEDIES.get(told)
    return f"{told}{reason}" + (f": {remedy}" if remedy else "")


def _texts(value: Any, deeper: int) -> Iterator[str]:
    """All that is written in a field, in order."""
    match value:
        case str():
            yield value
        case list() | dict() if deeper:
            for each in value.values() if isinstance(value, dict) else value:
                yield from _texts(each, deeper - 1)
