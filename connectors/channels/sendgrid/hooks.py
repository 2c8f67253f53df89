"""The webhooks of an account at SendGrid: one for events, signed, and one for the mail of a host.

Source: twilio.com/docs/sendgrid/api-reference: *Webhooks*, *Settings - Inbound Parse* (read 2026-11). Signing cannot be
asked for when a webhook is made, and the key it is done with is SendGrid's: an operator sets it as `events_key`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import quote

import msgspec

from connectors.channels.sendgrid.config import Config
from connectors.kit.base import Registration
from connectors.kit.errors import BadPayload, Temporary
from connectors.kit.http import Answer
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

EVENTS: Final = "/v3/user/webhooks/event/settings"
PARSING: Final = "/v3/user/webhooks/parse/settings"
WANTED: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("processed", "delivered", "bounce", "dropped"), True),
    **dict.fromkeys(("spam_report", "unsubscribe", "group_unsubscribe", "group_resubscribe"), True),
    **dict.fromkeys(("deferred", "open", "click"), False),
}
"""All are told, because what is left out may keep its value."""

Ask = Callable[[str, str, dict[str, Any] | None], Awaitable[Answer]]
"""Method, path and JSON; what may be repeated without harm."""
T = TypeVar("T")


class Webhook(msgspec.Struct, frozen=True):
    id: str = ""
    url: str = ""
    enabled: bool = False
    public_key: str | None = None


class Webhooks(msgspec.Struct, frozen=True):
    webhooks: Sequence[Webhook] = ()


class Host(msgspec.Struct, frozen=True):
    hostname: str = ""
    url: str = ""
    send_raw: bool = False


class Hosts(msgspec.Struct, frozen=True):
    result: Sequence[Host] = ()


WEBHOOK: Final = msgspec.json.Decoder(Webhook)
WEBHOOKS: Final = msgspec.json.Decoder(Webhooks)
HOSTS: Final = msgspec.json.Decoder(Hosts)


class Hooks:
    def __init__(self, config: Config, ask: Ask) -> None:
        self._config = config
        self._ask = ask

    async def set(self, url: str) -> None:
        """Raises Misconfigured, Temporary, also below."""
        wanted = {"enabled": True, "url": url, **WANTED}
        found = await self._events(url)
        if found is None:
            made = await self._ask("POST", EVENTS, {**wanted, "friendly_name": "onethread"})
            found = _read(made, WEBHOOK)
        else:
            await self._ask("PATCH", f"{EVENTS}/{found.id}", wanted)
        await self._ask("PATCH", f"{EVENTS}/signed/{found.id}", {"enabled": True})
        if self._config.inbound_host is not None:
            await self._set_host(self._config.inbound_host, url)

    async def shown(self, url: str) -> Registration:
        found = await self._events(url)
        key = None
        if found is not None:
            key = _read(await self._ask("GET", f"{EVENTS}/signed/{found.id}", None), WEBHOOK).public_key
        hosts = [host.hostname for host in await self._hosts() if host.url.partition("?")[0] == url]
        return Registration(
            url=url if found is not None else None,
            details={"events_key": key, "known": key == self._config.events_key, "hosts": hosts},
        )

    async def removed(self, url: str) -> None:
        found = await self._events(url)
        if found is not None:
            await self._ask("DELETE", f"{EVENTS}/{found.id}", None)
        for host in await self._hosts():
            if host.url.partition("?")[0] == url:
                await self._ask("DELETE", f"{PARSING}/{quote(host.hostname, safe='')}", None)

    async def _set_host(self, hostname: str, url: str) -> None:
        secret = self._config.inbound_secret
        called = url if secret is None else f"{url}?secret={quote(secret.reveal(), safe='')}"
        wanted = {"url": called, "send_raw": True, "spam_check": False}
        if any(host.hostname == hostname for host in await self._hosts()):
            await self._ask("PATCH", f"{PARSING}/{quote(hostname, safe='')}", wanted)
        else:
            await self._ask("POST", PARSING, {**wanted, "hostname": hostname})

    async def _events(self, url: str) -> Webhook | None:
        """The one that calls this address."""
        known = _read(await self._ask("GET", f"{EVENTS}/all", None), WEBHOOKS).webhooks
        return next((one for one in known if one.url == url), None)

    async def _hosts(self) -> Sequence[Host]:
        return _read(await self._ask("GET", PARSING, None), HOSTS).result


def _read(answer: Answer, decoder: msgspec.json.Decoder[T]) -> T:
    try:
        return decode(answer.body, decoder)
    except BadPayload as error:
        raise Temporary(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None
