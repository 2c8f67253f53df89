"""Templates of WhatsApp: the business account's list of them at Vonage, and what is sent of one, as Meta words it.

Source: public integrations on GitHub, their requests to `whatsapp-manager` (read 2026-11).
"""

from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from connectors.channels.vonage.api import Api
from connectors.families.meta.whatsapp import wire
from connectors.families.meta.whatsapp.templates import Template, Templates, filled
from connectors.kit.approved import refused
from connectors.kit.base import Outbound

PAGE: Final = 500
PAGES: Final = 20


class _Cursors(msgspec.Struct, frozen=True, kw_only=True):
    after: str | None = None


class _Paging(msgspec.Struct, frozen=True, kw_only=True):
    cursors: _Cursors = _Cursors()
    next: str | None = None


class _Listed(msgspec.Struct, frozen=True, kw_only=True):
    templates: list[Template]
    paging: _Paging | None = None


LISTED: Final = msgspec.json.Decoder(_Listed)


async def listed(api: Api, account: str) -> list[Template]:
    """Raises Temporary, Misconfigured."""
    asked = {"limit": str(PAGE)}
    found: list[Template] = []
    for _ in range(PAGES):
        page = await api.look(f"/v2/whatsapp-manager/wabas/{account}/templates?{urlencode(asked)}", LISTED)
        found += page.templates
        if page.paging is None or not page.paging.next or not page.paging.cursors.after:
            break
        asked["after"] = page.paging.cursors.after
    return found


async def chosen(outbound: Outbound, templates: Templates | None) -> dict[str, Any] | None:
    """What is sent of the payload's template, where it is one. Raises Refused, and what asking for the list raises."""
    part = outbound.payload.template
    if part is None:
        return None
    if templates is None:
        raise refused("no list to look the template up in: set business_account_id (WhatsApp only)")
    found = await templates.find(part.name, part.language)
    return filled(found, part, (lambda kind: wire.head(outbound, kind)) if outbound.payload.media else None)
