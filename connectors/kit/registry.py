"""Which plugins there are: those of `connectors.registry`, and those other distributions publish as entry points.

Importing this imports no plugin and no SDK; a plugin is imported when it is loaded or described. A built-in name cannot
be taken over from outside.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import msgspec

from connectors.kit import base, chat
from connectors.kit.base import Plugin, Settles
from connectors.kit.collects import Holds
from connectors.kit.config import config_schema
from connectors.kit.listens import Listens
from connectors.kit.reads import Reads
from connectors.registry import BUILT_IN
from normalizer.capability import Capability

GROUP = "onethread.plugins"
ABILITIES: Mapping[str, type] = {
    "checks": base.Checks,
    "authorizes": base.Authorizes,
    "registers": base.Registers,
    "fetches": base.Fetches,
    "polls": base.Polls,
    "listens": Listens,
    "holds": Holds,
    "backfills": base.Backfills,
    "edits": base.Edits,
    "reacts": base.Reacts,
    "types": base.Types,
    "reads": Reads,
    "confirms": base.Confirms,
    "chats": chat.Chats,
}


class UnknownPlugin(LookupError):
    """No plugin has this name; `nearest` is the name most like it, if any is."""

    def __init__(self, name: str, nearest: str | None) -> None:
        super().__init__(f"there is no plugin {name!r}" + (f"; did you mean {nearest!r}?" if nearest else ""))
        self.name = name
        self.nearest = nearest


class BrokenPlugin(ImportError):
    """The plugin is listed but cannot be used; the text says why."""


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """A plugin as `plugins list` and the API show it."""

    name: str
    channel: str
    scheme: str
    summary: str
    settles: Settles
    abilities: tuple[str, ...]
    """Of `ABILITIES`, in their order."""
    capability: Capability
    public: Capability | None
    """As `Info.public`."""
    config: dict[str, Any]
    """JSON Schema 2020-12."""


def plugin_names() -> list[str]:
    """All names, sorted."""
    return sorted(_points())


def load(name: str) -> type[Plugin[Any]]:
    """The plugin's class. Raises UnknownPlugin, BrokenPlugin."""
    points = _points()
    if name not in points:
        raise UnknownPlugin(name, next(iter(get_close_matches(name, points, n=1)), None))
    module, _, attribute = points[name].partition(":")
    try:
        kind = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise BrokenPlugin(f"plugin {name!r} cannot be loaded: {error}") from error
    if not (isinstance(kind, type) and issubclass(kind, Plugin)):
        raise BrokenPlugin(f"plugin {name!r} cannot be loaded: {points[name]} is no Plugin")
    if kind.info.name != name:
        raise BrokenPlugin(f"plugin {name!r} calls itself {kind.info.name!r}")
    return kind


def describe(name: str) -> Description:
    """What a plugin says of itself. Raises UnknownPlugin, BrokenPlugin."""
    kind = load(name)
    info = kind.info
    return Description(
        name=info.name,
        channel=info.channel,
        scheme=info.scheme,
        summary=info.summary,
        settles=info.settles,
        abilities=abilities(kind),
        capability=info.capability,
        public=info.public,
        config=config_schema(kind.Config),
    )


def abilities(kind: type[Plugin[Any]]) -> tuple[str, ...]:
    """Which optional abilities a plugin has."""
    return tuple(name for name, protocol in ABILITIES.items() if issubclass(kind, protocol))


def _points() -> dict[str, str]:
    published: dict[str, str] = {}
    for point in sorted(entry_points(group=GROUP), key=_origin):
        published.setdefault(point.name, point.value)
    return {**published, **BUILT_IN}


def _origin(point: EntryPoint) -> tuple[str, str]:
    return (point.dist.name if point.dist else "", point.value)
