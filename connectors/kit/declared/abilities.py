"""The optional abilities of a declared channel: its class has the methods of those that its file declares."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from connectors.kit.base import Account, Fetched, Polled, Registration
from connectors.kit.redact import Redactor, secrets_of


async def check(plugin: Any) -> Account:
    account: Account = await plugin.checking.account(plugin.access)
    return account


async def fetch(plugin: Any, source: str) -> Fetched:
    fetched: Fetched = await plugin.fetching.open(plugin.access, source)
    return fetched


async def register(plugin: Any, url: str) -> Registration:
    redact = Redactor(secrets_of(plugin.config))
    told: Registration = await plugin.registering.set(plugin.access, url, redact)
    return told


async def registration(plugin: Any) -> Registration:
    redact = Redactor(secrets_of(plugin.config))
    told: Registration = await plugin.registering.read(plugin.access, redact)
    return told


async def unregister(plugin: Any) -> Registration:
    redact = Redactor(secrets_of(plugin.config))
    told: Registration = await plugin.registering.remove(plugin.access, redact)
    return told


async def backfill(plugin: Any, cursor: str | None) -> Polled:
    polled: Polled = await plugin.backfilling.since(plugin.access, cursor, plugin.tools.now(), plugin.reading)
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
