"""Roles: what a process of the hub does. One process does all of it unless told which; each may run several times.

Who runs some of them only needs others beside it, and so a store and a bus that several processes share.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from gateway.bus.addresses import MEMORY
from gateway.settings.addresses import is_shared
from gateway.settings.model import Settings
from gateway.settings.problems import nearest


class Role(StrEnum):
    RECEIVE = "receive"
    DELIVER = "deliver"
    RELAY = "relay"
    STREAM = "stream"
    CLOCK = "clock"


ALL = frozenset(Role)
NAMES = tuple(str(role) for role in Role)
DOES: Mapping[Role, str] = {
    Role.RECEIVE: "webhooks, the API, and listeners for mail",
    Role.DELIVER: "what leaves for providers",
    Role.RELAY: "what subscriptions get, and commands from the bus",
    Role.STREAM: "the feed, and the chat in the app",
    Role.CLOCK: "timers, polling, fetching of files, and forgetting",
}


class UnknownRole(ValueError):
    """There is no such role; the text is one sentence for the operator."""


class NotApart(ValueError):
    """The roles cannot run apart by this configuration; the text says what to configure instead."""


def roles_of(names: Sequence[str]) -> frozenset[Role]:
    """Of names, each one or several with commas between; all where there is none. Raises UnknownRole."""
    found = set()
    for name in (part.strip() for one in names for part in one.split(",")):
        if name not in NAMES:
            meant = nearest(name, NAMES)
            hint = f'; did you mean "{meant}"?' if meant else ""
            raise UnknownRole(f'there is no role "{name}": there are {", ".join(NAMES)}{hint}')
        found.add(Role(name))
    return frozenset(found) or ALL


def named(roles: frozenset[Role]) -> tuple[str, ...]:
    return tuple(str(role) for role in Role if role in roles)


def shares(settings: Settings) -> bool:
    """Whether other processes may serve the same store."""
    return is_shared(settings.store)


def must_fit(settings: Settings, roles: frozenset[Role]) -> None:
    """Raises NotApart where these roles would be the only ones, for nobody else could do the rest."""
    if roles == ALL:
        return
    if not shares(settings):
        raise NotApart(
            f"{settings.path}: store: one process serves SQLite, with all roles: leave --role out, or configure"
            " postgresql://user@host/name"
        )
    if settings.bus_url.reveal() == MEMORY:
        raise NotApart(
            f"{settings.path}: bus: {MEMORY} lives inside one process, with all roles: leave --role out, or configure"
            " amqp://user:password@host/"
        )
