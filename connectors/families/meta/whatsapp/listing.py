"""The list of an account's templates, as Graph gives it, page by page."""

from typing import Final

import msgspec

from connectors.families.meta.graph import Graph
from connectors.families.meta.whatsapp.templates import Template

PAGES: Final = 20
"""Each holds 200."""


class _Cursors(msgspec.Struct, frozen=True, kw_only=True):
    after: str = ""


class _Paging(msgspec.Struct, frozen=True, kw_only=True):
    cursors: _Cursors = _Cursors()
    next: str = ""


class _Listed(msgspec.Struct, frozen=True, kw_only=True):
    data: list[Template]
    paging: _Paging = _Paging()


LISTED: Final = msgspec.json.Decoder(_Listed)


async def listed(graph: Graph, account: str) -> list[Template]:
    """Raises Temporary, Misconfigured."""
    asked = {"fields": "name,language,status,parameter_format,components", "limit": "200"}
    found: list[Template] = []
    for _ in range(PAGES):
        page = await graph.ask("GET", f"{account}/message_templates", LISTED, query=asked)
        found += page.data
        if not page.paging.next or not page.paging.cursors.after:
            break
        asked["after"] = page.paging.cursors.after
    return found
