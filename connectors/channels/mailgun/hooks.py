"""A connector's route and webhooks, as its domain has them at Mailgun.

What others set up there is left as it is. Source: documentation.mailgun.com, API reference, *Domain webhooks* and
*Routes* (read 2026-11).
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeVar
from urllib.parse import urlencode

import msgspec

from connectors.channels.mailgun.config import Config
from connectors.kit.base import Registration
from connectors.kit.errors import BadPayload, Misconfigured, Temporary
from connectors.kit.http import Answer
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

EVENTS: Final = ("accepted", "complained", "delivered", "permanent_fail", "unsubscribed")
"""Opens and clicks are not asked for."""
MOST_ADDRESSES: Final = 3
"""Of one kind of event."""
MOST_ROUTES: Final = 1000
DESCRIPTION: Final = "onethread"
STORE: Final = "store()"
"""Keeps a mail for up to three days, beside what forwards it. Source: documentation.mailgun.com, user manual, *Route
actions* (read 2026-11)."""

Ask = Callable[[str, str, bytes | None], Awaitable[Answer]]
"""Method, path and form; what may be repeated without harm."""
T = TypeVar("T")


class Webhook(msgspec.Struct, frozen=True):
    urls: Sequence[str] = ()


class Webhooks(msgspec.Struct, frozen=True):
    webhooks: Mapping[str, Webhook] = {}


class Route(msgspec.Struct, frozen=True):
    id: str
    expression: str = ""
    actions: Sequence[str] = ()


class Routes(msgspec.Struct, frozen=True):
    items: Sequence[Route] = ()


WEBHOOKS: Final = msgspec.json.Decoder(Webhooks)
ROUTES: Final = msgspec.json.Decoder(Routes)


class Hooks:
    def __init__(self, config: Config, ask: Ask) -> None:
        self._config = config
        self._ask = ask
        self._webhooks = f"/v3/domains/{config.at}/webhooks"

    async def set(self, url: str) -> None:
        """Raises Misconfigured, Temporary, also below."""
        known = await self._known()
        for event in EVENTS:
            urls = list(known.get(event, Webhook()).urls)
            if url in urls:
                continue
            if len(urls) >= MOST_ADDRESSES:
                raise Misconfigured(f"the domain already calls {MOST_ADDRESSES} addresses of {event}")
            await self._write(event, [*urls, url], new=not urls)
        routes = await self._routes(url)
        outdated = [route for route in routes if not self._as_wanted(route)]
        for route in outdated:
            await self._ask("DELETE", f"/v3/routes/{route.id}", None)
        if len(outdated) == len(routes):
            fields = {"priority": "0", "description": DESCRIPTION, "expression": self.expression}
            actions = [_forward(url), STORE] if self._config.store else [_forward(url)]
            await self._ask("POST", "/v3/routes", _form([*fields.items(), *(("action", one) for one in actions)]))

    async def shown(self, url: str) -> Registration:
        known = await self._known()
        events = [event for event in EVENTS if url in known.get(event, Webhook()).urls]
        routes = await self._routes(url)
        stored = any(STORE in route.actions for route in routes)
        details = {"events": events, "raw": url.endswith("mime"), "stored": stored}
        return Registration(url=url if routes else None, details=details)

    async def removed(self, url: str) -> None:
        for event, webhook in (await self._known()).items():
            if url not in webhook.urls:
                continue
            if others := [other for other in webhook.urls if other != url]:
                await self._write(event, others, new=False)
            else:
                await self._ask("DELETE", f"{self._webhooks}/{event}", None)
        for route in await self._routes(url):
            await self._ask("DELETE", f"/v3/routes/{route.id}", None)

    @property
    def expression(self) -> str:
        """The address, and where answers to it come."""
        names = dict.fromkeys((self._config.own, self._config.returns))
        written = [f"{re.escape(local)}(\\+.*)?@{re.escape(domain)}" for local, _, domain in map(_parts, names)]
        return f'match_recipient("^({"|".join(written)})$")'

    def _as_wanted(self, route: Route) -> bool:
        return route.expression == self.expression and (STORE in route.actions) is self._config.store

    async def _known(self) -> Mapping[str, Webhook]:
        return _read(await self._ask("GET", self._webhooks, None), WEBHOOKS).webhooks

    async def _routes(self, url: str) -> list[Route]:
        """Those that forward to this address."""
        answer = await self._ask("GET", f"/v3/routes?limit={MOST_ROUTES}", None)
        return [route for route in _read(answer, ROUTES).items if _forward(url) in route.actions]

    async def _write(self, event: str, urls: Sequence[str], *, new: bool) -> None:
        fields = [("url", url) for url in urls]
        if new:
            await self._ask("POST", self._webhooks, _form([("id", event), *fields]))
        else:
            await self._ask("PUT", f"{self._webhooks}/{event}", _form(fields))


def _parts(address: str) -> tuple[str, str, str]:
    return address.rpartition("@")


def _forward(url: str) -> str:
    return f'forward("{url}")'


def _form(fields: Sequence[tuple[str, str]]) -> bytes:
    return urlencode(fields).encode()


def _read(answer: Answer, decoder: msgspec.json.Decoder[T]) -> T:
    try:
        return decode(answer.body, decoder)
    except BadPayload as error:
        raise Temporary(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None
