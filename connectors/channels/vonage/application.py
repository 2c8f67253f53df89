"""The application at Vonage: whether it is ours, and where its messages and reports go.

Source: developer.vonage.com/en/api/application.v2 (read 2026-11).
"""

from typing import Any, Final
from urllib.parse import quote

import msgspec

from connectors.channels.vonage.api import Api
from connectors.channels.vonage.config import Config
from connectors.kit.base import Account, Registration
from connectors.kit.errors import BadPayload, Misconfigured, Temporary
from connectors.kit.http import Answer
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

KEPT: Final[tuple[str, ...]] = ("name", "keys", "privacy")
"""What goes back as it came when the webhooks are changed, beside the other capabilities."""
FOUND: Final = msgspec.json.Decoder(dict[str, Any])


async def account(api: Api, config: Config) -> Account:
    """Raises Temporary, Misconfigured."""
    if config.application_id is None:
        await api.account("GET", "/v2/applications?page_size=1")
        return Account(name=config.account)
    found = _read(await api.account("GET", _path(config)))
    return Account(name=str(found.get("name") or config.account), details={"application": config.application_id})


async def registration(api: Api, config: Config) -> Registration:
    """Raises Temporary, Misconfigured."""
    return _told(_read(await api.account("GET", _path(config))))


async def register(api: Api, config: Config, url: str) -> Registration:
    """Points messages and reports at `url`, and leaves the rest as it is. Raises Temporary, Misconfigured."""
    found = _read(await api.account("GET", _path(config)))
    target = {"address": url, "http_method": "POST"}
    messages = _inner(found, "capabilities", "messages")
    webhooks = {**_inner(messages, "webhooks"), "inbound_url": target, "status_url": target}
    changed: dict[str, Any] = {name: found[name] for name in KEPT if name in found}
    changed["capabilities"] = {
        **_inner(found, "capabilities"),
        "messages": {**messages, "webhooks": webhooks, "version": "v1"},
    }
    return _told(_read(await api.account("PUT", _path(config), changed)))


def _path(config: Config) -> str:
    if config.application_id is None:
        raise Misconfigured("webhooks belong to an application: application_id says which")
    return f"/v2/applications/{quote(config.application_id, safe='')}"


def _read(answer: Answer) -> dict[str, Any]:
    try:
        return decode(answer.body, FOUND)
    except BadPayload as error:
        raise Temporary(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None


def _told(found: dict[str, Any]) -> Registration:
    webhooks = _inner(found, "capabilities", "messages", "webhooks")
    addresses = {name: _inner(webhooks, name).get("address") for name in ("inbound_url", "status_url")}
    url = addresses["inbound_url"]
    details = {"status_url": addresses["status_url"]}
    return Registration(url=url if isinstance(url, str) and url else None, details=details)


def _inner(found: dict[str, Any], *names: str) -> dict[str, Any]:
    """What stands there, or nothing."""
    for name in names:
        inner = found.get(name)
        found = inner if isinstance(inner, dict) else {}
    return found
