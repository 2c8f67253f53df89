"""The optional abilities of a declared channel: its class has the methods of those that its file declares."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from connectors.kit.base import Account, Fetched, Polled, Registration
from connectors.kit.declared.sending import revealed
from connectors.kit.redact import Redactor, secrets_of


async def check(plugin: Any) -> Account:
    account: Account = await plugin.checking.account(plugin.tools.http, revealed(plugin.config))
    return account


async def fetch(plugin: Any, source: str) -> Fetched:
    fetched: Fetched = await plugin.fetching.open(plugin.tools.http, revealed(plugin.config), source)
    return fetched


async def register(plugin: Any, url: str) -> Registration:
    settings, redact = revealed(plugin.config), Redactor(secrets_of(plugin.config))
    told: Registration = await plugin.registering.set(plugin.tools.http, settings, url, redact)
    return told


async def registration(plugin: Any) -> Registration:
    settings, redact = revealed(plugin.config), Redactor(secrets_of(plugin.config))
    told: Registration = await plugin.registering.read(plugin.tools.http, settings, redact)
    return told


async def unregister(plugin: Any) -> Registration:
    settings, redact = revealed(plugin.config), Redactor(secrets_of(plugin.config))
    told: Registration = await plugin.registering.remove(plugin.tools.http, settings, redact)
    return told


async def backfill(plugin: Any, cursor: str | None) -> Polled:
    settings, now = revealed(plugin.config), plugin.tools.now()
    polled: Polled = await plugin.backfilling.since(plugin.tools.http, settings, cursor, now, plugin.parse)
    return polled


METHODS: Final[Mapping[str, tuple[str, Mapping[str, Callable[..., Any]]]]] = {
    "backfill": ("backfilling", {"backfill": backfill}),
    "check": ("checking", {"check": check}),
    "fetch": ("fetching", {"fetch": fetch}),
    "register": ("registering", {"register": register, "registration": registration, "unregister": unregister}),
}
"""By the part of the file: what holds it prepared, and the methods that go with it."""


def abilities(made: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes and methods of the class, of the parts that were made."""
    namespace: dict[str, Any] = {}
    for part, (attribute, methods) in METHODS.items():
        if made[part] is not None:
            namespace |= {attribute: made[part], **methods}
    return namespace
