"""Template messages: the account's list of them, and what is sent of one.

The name of a template is its id. WeChat names the places to be filled, so the list is asked for them, and what fills
them stands in the order of the template's text. No `client_msg_id` goes along, which would keep a repeated message from
being a second one: reports on such messages were seen to name none. Source: developers.weixin.qq.com/doc/service/api/
notify/template (read 2026-11).
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from connectors.kit import approved
from connectors.kit.approved import Name, refused
from connectors.kit.base import Outbound
from normalizer.parts import TemplatePart

PLACE: Final = re.compile(r"\{\{\s*(\w{1,64})\.DATA\s*\}\}", re.ASCII)
ADDRESS: Final = re.compile(r"https?://\S{1,2000}", re.ASCII)
LASTS: Final = 300.0
"""Seconds a list is kept."""


class Template(msgspec.Struct, frozen=True):
    template_id: str
    content: str = ""

    @property
    def places(self) -> list[str]:
        return list(dict.fromkeys(PLACE.findall(self.content)))


Templates = approved.Templates[Template]


def templates(ask: Callable[[], Awaitable[Sequence[Template]]], now: Callable[[], datetime]) -> Templates:
    """The account's, as `ask` lists them; they have no languages."""

    async def shelved() -> Mapping[Name, Template]:
        return {(one.template_id, ""): one for one in await ask()}

    return Templates(shelved, now, LASTS)


def of(outbound: Outbound) -> TemplatePart | None:
    """The template that is all of the message, if one is. Raises Refused where it stands beside something."""
    payload = outbound.payload
    part = payload.template
    if part is not None and (payload.media or part.header):
        raise refused("a template has neither a file nor a head")
    return part


def filled(outbound: Outbound, part: TemplatePart, places: Sequence[str]) -> dict[str, Any]:
    """As the body of `message/template/send`. Raises Refused."""
    if len(places) != len(part.body):
        raise refused(f"the template has {len(places)} places, not {len(part.body)}")
    if len(part.buttons) > 1 or not all(ADDRESS.fullmatch(address) for address in part.buttons):
        raise refused("a template opens one address, http:// or https://")
    opens = {"url": part.buttons[0]} if part.buttons else {}
    data = {place: {"value": value} for place, value in zip(places, part.body, strict=True)}
    return {"touser": outbound.address.value, "template_id": part.name, **opens, "data": data}
