"""Connectors as they run: a plugin with its place in the store."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from connectors.kit.base import Confirms, Plugin, Tools
from connectors.kit.collects import Brings, Closes, Holds
from connectors.kit.http import Exchange, Http
from connectors.kit.listens import Listens
from connectors.kit.registry import load
from connectors.kit.subscribes import Subscribes, Subscribing
from gateway.arrival import Place
from gateway.board import Seat
from gateway.keeping import Kept
from gateway.settings.model import Connector, Settings
from normalizer.model import Visibility

LONGEST_PATH = 1024
"""Characters of a connector's name and of what its provider appends to it."""


@dataclass(frozen=True, eq=False)
class LiveConnector:
    settings: Connector
    place: Place
    plugin: Plugin[Any]
    http: Http
    webhook_url: str
    kept: Kept | None = None

    @property
    def id(self) -> str:
        return self.place.connector_id

    @cached_property
    def confirming(self) -> Confirms | None:
        """The plugin, where it wants to say a word back; asked for every request, and dear to find out."""
        plugin: object = self.plugin
        return plugin if isinstance(plugin, Confirms) else None

    @cached_property
    def bringing(self) -> Brings | None:
        """The plugin, where a request may stand for a message that lies elsewhere."""
        plugin: object = self.plugin
        return plugin if isinstance(plugin, Brings) else None

    @cached_property
    def subscribing(self) -> Subscribing | None:
        """By what pages of a chat's users ask for its notifications, where they may."""
        plugin: object = self.plugin
        return plugin.subscribing() if isinstance(plugin, Subscribes) else None

    @cached_property
    def holds(self) -> bool:
        """Whether polls and sends go by one connection, and so belong to one process."""
        plugin: object = self.plugin
        return isinstance(plugin, Holds) and plugin.holds()

    async def close(self) -> None:
        """Ends its connections, once what hangs on a provider's answer is kept."""
        await self.settle()
        plugin: object = self.plugin
        if isinstance(plugin, Closes):
            await plugin.close()
        await self.http.close()

    async def settle(self) -> None:
        """Before it ends: returns when nothing that it keeps is being changed, or will be."""
        if self.kept is not None:
            await self.kept.settle()

    @cached_property
    def listening(self) -> Listens | None:
        """The plugin, where mail may be for it."""
        plugin: object = self.plugin
        return plugin if isinstance(plugin, Listens) else None


def bring_up(
    settings: Settings,
    connector: Connector,
    keep: Callable[[Exchange], None],
    raw: Callable[[str], Path | bytes] | None = None,
    show: Callable[[Seat], None] | None = None,
    kept: Kept | None = None,
) -> LiveConnector:
    """A connector ready to receive and send; `raw` as in `Tools`, `show` shows a client that somebody writes,
    `kept` is what it keeps in the store. Raises UnknownPlugin."""
    kind = load(connector.plugin)
    http = Http(
        connector.name,
        trusted=kind.trusted_origins(connector.config),
        log=keep,
        secrets=connector.secrets(),
    )
    webhook_url = settings.webhook_url(connector.name)
    tools = Tools(connector=connector.name, http=http, webhook_url=webhook_url)
    if kept is not None:
        tools = replace(tools, state=kept)
    if show is not None:
        tools = replace(tools, show_typing=lambda address: show(Seat(connector.name, address)))
    plugin = kind(connector.config, tools if raw is None else replace(tools, raw=raw))
    told = kind.described(connector.config)
    place = Place(
        connector_id=connector.name,
        channel=told.channel,
        scheme=told.scheme,
        inbox=settings.inboxes[connector.inbox],
        window=plugin.info.capability.window,
        window_in_public=plugin.info.on(Visibility.PUBLIC).window,
    )
    return LiveConnector(connector, place, plugin, http, webhook_url, kept)


def above(connectors: Mapping[str, LiveConnector], path: str) -> LiveConnector | None:
    """The connector below which `name/more` lies, where its plugin takes what is there (`Info.has_paths`)."""
    name, _, more = path.partition("/")
    if not more or more.startswith("/") or len(path) > LONGEST_PATH:
        return None
    found = connectors.get(name)
    return found if found is not None and found.plugin.info.has_paths else None
