"""Polls one after the other, as the hub does them."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from connectors.kit.collects import Collected
from connectors.kit.errors import KitError, Misconfigured, Temporary
from tests.channels.email.email_sender import plugin

BARE = {"imap_tls": "none", "imap_idle_seconds": 0, "imap_poll_seconds": 0.1}


def asked(*acts: Callable[[], None] | str | None, imap: str, **settings: Any) -> tuple[dict[str, Any], list[bytes]]:
    """What polls bring, each from the cursor of the one before; an act is done before the next poll. A collected mail
    is shown by its octets."""

    async def run():
        asker = plugin(**{"imap": imap, **BARE, **settings})
        cursor, brought = None, []
        try:
            for act in acts:
                if isinstance(act, str):
                    cursor = act
                elif act is not None:
                    await asyncio.to_thread(act)
                polled = await asker.poll(cursor)
                cursor = polled.cursor
                if isinstance(polled, Collected):
                    brought.append(b"".join([chunk async for chunk in polled.chunks]))
                else:
                    assert (polled.inbound, polled.raw) == ([], b"")
        finally:
            await asker.close()
        return json.loads(cursor), brought

    return asyncio.run(run())


def refused(imap: str, **settings: Any) -> KitError:
    with pytest.raises((Misconfigured, Temporary)) as caught:
        asked(None, imap=imap, **settings)
    assert "shall" not in repr(caught.value) + str(caught.getrepr(style="long"))
    return caught.value
