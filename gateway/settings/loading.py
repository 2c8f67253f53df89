"""Loading the configuration file: read, type, join, and report all that is wrong with it at once."""

import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret
from gateway.settings import addresses
from gateway.settings.document import Document, read
from gateway.settings.listening import listeners, written
from gateway.settings.model import Connector, Entries, Listen, Settings
from gateway.settings.problems import Problem, SettingsError, nearest
from gateway.settings.rate import Rate
from gateway.settings.rate import rate as read_rate
from gateway.settings.sealing import Seal
from gateway.settings.serving import InboxEntry, inbox_of
from gateway.settings.typed import Conversion, Untyped
from gateway.settings.units import seconds
from normalizer.model import Inbox

if TYPE_CHECKING:
    from connectors.kit.base import Plugin

Plugins = Callable[[str], "type[Plugin[Any]]"]
"""Finds a plugin by its kind. Raises UnknownPlugin, BrokenPlugin."""

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
NAMING = "a name is 1 to 63 of a-z, 0-9, _ and -, and begins with a letter or digit"
ONLY_INBOX = "main"
OWN_KEYS = ("plugin", "inbox", "rate", "give_up_after")
FILTERS = {"connector": "connectors", "inbox": "inboxes"}
"""What a subscription filters by, and under which key."""


def load(path: Path, environ: Mapping[str, str], plugins: Plugins | None = None) -> Settings:
    """The settings of a file, with secrets and references resolved. Raises SettingsError, which lists every problem.

    Reads files, and imports the plugins that the file names; `plugins` is the registry where none is given.
    """
    document = read(path, environ)
    try:
        seal = Seal.of(environ)
    except ValueError as error:
        raise SettingsError([Problem(file="the environment", message=str(error))]) from error
    try:
        return _Loading(document, plugins).settings(path, seal)
    except Untyped as error:
        raise SettingsError(document.problems) from error


class _Loading:
    def __init__(self, document: Document, plugins: Plugins | None) -> None:
        self.document = document
        self.conversion = Conversion(document)
        self.plugins = plugins

    def settings(self, path: Path, seal: Seal) -> Settings:
        """Raises Untyped after noting everything that is wrong."""
        values = dict(self.document.values)
        named = _section(values, "connectors")
        inboxes = list(_section(values, "inboxes")) or [ONLY_INBOX]
        connectors = {name: self._connector(name, entry, inboxes) for name, entry in named.items()}
        self._check_names("inboxes", inboxes)
        self._check_subscriptions(_section(values, "subscriptions"), {"connector": named, "inbox": inboxes})
        apart = {"connectors": values.get("connectors") if not named else {}}
        entries = self._entries({**values, **apart, "listeners": written(values.get("listeners"))})
        brands = self._inboxes(inboxes, entries.inboxes) if entries else {}
        files = self._files(entries.files) if entries else None
        if self.document.problems or entries is None or files is None:
            raise Untyped
        host, port = addresses.listen(entries.listen)
        store, password = addresses.store_parts(entries.store)
        return Settings(
            path=path.absolute(),
            public_url=entries.public_url,
            store=addresses.store_in(store, self.document.folder),
            store_password=password,
            bus=addresses.bus_shown(entries.bus),
            bus_url=Secret(entries.bus),
            files=files,
            proxies=entries.proxies,
            listen=Listen(host, port),
            inboxes=brands,
            connectors={name: connector for name, connector in connectors.items() if connector},
            subscriptions=entries.subscriptions,
            listeners=listeners(entries.listeners, self.document.folder),
            limits=entries.limits,
            seal=seal,
        )

    def _entries(self, values: dict[str, Any]) -> Entries | None:
        try:
            entries: Entries = self.conversion.struct(Entries, values, ())
        except Untyped:
            return None
        return entries

    def _inboxes(self, names: Collection[str], entries: Mapping[str, InboxEntry]) -> dict[str, Inbox]:
        return {name: inbox_of(self.document, name, entries.get(name) or InboxEntry()) for name in names}

    def _files(self, name: str) -> Path | None:
        try:
            return addresses.folder_in(name, self.document.folder)
        except ValueError as error:
            self.document.report(("files",), str(error))
            return None

    def _check_names(self, section: str, names: Collection[str]) -> None:
        for name in names:
            if not NAME.fullmatch(name):
                self.document.report((section, name), NAMING, at_key=True)

    def _check_subscriptions(self, entries: dict[str, Any], known: Mapping[str, Collection[str]]) -> None:
        """What they filter by exists: a misspelt name would let nothing through, and say nothing."""
        self._check_names("subscriptions", list(entries))
        for name, entry in entries.items():
            for what, names in known.items():
                key = FILTERS[what]
                listed = entry.get(key) if isinstance(entry, dict) else None
                for index, one in enumerate(listed if isinstance(listed, list) else ()):
                    where = ("subscriptions", name, key, index)
                    if isinstance(one, str) and one not in names and where not in self.document.broken:
                        self.document.report(where, f"unknown {what}", nearest=nearest(one, names))

    def _connector(self, name: str, entry: Any, inboxes: list[str]) -> Connector | None:
        self._check_names("connectors", [name])
        path = ("connectors", name)
        if not isinstance(entry, dict):
            if path not in self.document.broken:
                self.document.report(path, "expected a mapping with `plugin` and its settings")
            return None
        inbox = self._inbox(entry, inboxes, path)
        plugin = self._plugin(entry, path)
        config = self._config(plugin, entry, path) if plugin else None
        rate: Rate | None = self._own(entry, path, "rate", read_rate)
        give_up_after: float | None = self._own(entry, path, "give_up_after", seconds)
        if inbox is None or plugin is None or config is None:
            return None
        return Connector(
            name=name, plugin=entry["plugin"], inbox=inbox, config=config, rate=rate, give_up_after=give_up_after
        )

    def _inbox(self, entry: dict[str, Any], inboxes: list[str], path: tuple[str, str]) -> str | None:
        inbox, where = entry.get("inbox"), (*path, "inbox")
        if inbox in inboxes:
            return str(inbox)
        if inbox is None and where not in self.document.broken:
            if len(inboxes) == 1:
                return inboxes[0]
            self.document.report(where, f"missing; name one of {', '.join(inboxes)}")
        elif inbox is not None:
            self.document.report(where, "unknown inbox", nearest=nearest(str(inbox), inboxes))
        return None

    def _own(self, entry: dict[str, Any], path: tuple[str, str], name: str, read_by: Callable[[Any], Any]) -> Any:
        """A setting of every connector, whatever its plugin; None where it is left out, or wrong."""
        value, where = entry.get(name), (*path, name)
        if value is None or where in self.document.broken:
            return None
        try:
            return read_by(value)
        except ValueError as error:
            self.document.report(where, str(error))
            return None

    def _plugin(self, entry: dict[str, Any], path: tuple[str, str]) -> "type[Plugin[Any]] | None":
        from connectors.kit import registry  # brings an HTTP client along, so only where there is a connector

        kind, where = entry.get("plugin"), (*path, "plugin")
        if where in self.document.broken:
            return None
        if not isinstance(kind, str):
            self.document.report(where, "missing; it says which plugin serves this connector")
            return None
        try:
            return (self.plugins or registry.load)(kind)
        except registry.UnknownPlugin as error:
            known = "" if error.nearest else "; `onethread plugins list` names those there are"
            self.document.report(where, f"there is no such plugin{known}", nearest=error.nearest)
        except registry.BrokenPlugin as error:
            self.document.report(where, str(error))
        return None

    def _config(self, plugin: "type[Plugin[Any]]", entry: dict[str, Any], path: tuple[str, str]) -> PluginConfig | None:
        values = {name: value for name, value in entry.items() if name not in OWN_KEYS}
        try:
            config: PluginConfig = self.conversion.struct(plugin.Config, values, path, known=OWN_KEYS)
        except Untyped:
            return None
        return config


def _section(values: dict[str, Any], name: str) -> dict[str, Any]:
    section = values.get(name)
    return section if isinstance(section, dict) else {}
