"""The webhook at X: the app's address, and the account's subscription to it.

Source: docs.x.com/x-api/webhooks/introduction, docs.x.com/x-api/account-activity/create-subscription (read 2026-11).
"""

from typing import Any, Final

import msgspec

from connectors.channels.x.api import Api
from connectors.kit.base import Registration


class Webhook(msgspec.Struct, frozen=True):
    id: str
    url: str = ""
    valid: bool = False


class Listed(msgspec.Struct, frozen=True):
    data: tuple[Webhook, ...] = ()


class Created(msgspec.Struct, frozen=True):
    data: Webhook


LISTED: Final = msgspec.json.Decoder(Listed)
CREATED: Final = msgspec.json.Decoder(Created)
ANY: Final = msgspec.json.Decoder(dict[str, Any])


async def register(api: Api, url: str) -> Registration:
    """Sets the address where it is not set, else has X ask for it again; then subscribes. Raises Temporary,
    Misconfigured."""
    found = await _found(api, url)
    if found is None:
        found = (await api.app("POST", "/2/webhooks", msgspec.json.encode({"url": url}), CREATED)).data
    else:
        await api.app("PUT", f"/2/webhooks/{found.id}", None, ANY)
    await api.subscribe(f"/2/account_activity/webhooks/{found.id}/subscriptions/all")
    return await registration(api, url)


async def registration(api: Api, url: str) -> Registration:
    found = await _found(api, url)
    if found is None:
        return Registration(url=None)
    problem = None if found.valid else "X calls it no longer: what it asked was not answered rightly"
    return Registration(url=found.url, last_error=problem, details={"id": found.id})


async def unregister(api: Api, url: str) -> Registration:
    found = await _found(api, url)
    if found is not None:
        await api.app("DELETE", f"/2/webhooks/{found.id}", None, ANY)
    return await registration(api, url)


async def _found(api: Api, url: str) -> Webhook | None:
    listed = await api.app("GET", "/2/webhooks", None, LISTED)
    return next((one for one in listed.data if one.url == url), None)
