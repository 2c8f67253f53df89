"""What the suite examines: a plugin's class, its folder, fixtures and simulator."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from connectors.kit.base import (
    Edits,
    Info,
    Outbound,
    OutboundEdit,
    OutboundReaction,
    Plugin,
    Reacts,
    Sent,
    Tools,
    Types,
    TypesUnder,
)
from connectors.kit.collects import Closes
from connectors.kit.config import configured
from connectors.kit.fixtures import Fixtures, OutboundCase, Reading, Typing, read_fixtures
from connectors.kit.http import Exchange, Http
from connectors.kit.keys import Keys
from connectors.kit.reads import Reads
from connectors.kit.redact import secrets_of
from connectors.kit.testing.simulator import LoopbackSimulator
from connectors.kit.testing.state import Remembered

T = TypeVar("T")


class Nonconforming(AssertionError):
    """The plugin does not keep the contract; the text says where."""


@dataclass(frozen=True)
class Subject:
    plugin: type[Plugin[Any]]
    simulator: type[LoopbackSimulator]
    folder: Path
    fixtures: Fixtures
    longest: float = 1.0
    """Seconds a plugin waits for an answer here, whatever it asks for."""

    @classmethod
    def of(cls, plugin: type[Plugin[Any]], fixtures: Path, simulator: type[LoopbackSimulator]) -> "Subject":
        """Raises FixtureError."""
        return cls(plugin, simulator, fixtures.parent, read_fixtures(fixtures))

    @property
    def info(self) -> Info:
        """What the plugin is, as `config.json` configures it."""
        return self.plugin.described(configured(self.plugin.Config, self.fixtures.config))

    def receiving(self) -> Plugin[Any]:
        """The plugin as `config.json` configures it, for what does no I/O; its simulator's keys it has learnt."""
        plugin = self.plugin(
            configured(self.plugin.Config, self.fixtures.config),
            self._tools(Http(self.fixtures.connector)),
        )
        keys: object = plugin
        if isinstance(keys, Keys):
            for name, octets in self.simulator.KEYS.items():
                keys.keep_key(name, octets)
        return plugin

    def simulated(self) -> LoopbackSimulator:
        return self.simulator(self.fixtures.config, self.fixtures.url)

    def secrets(self) -> list[str]:
        """The values nobody may see."""
        config = configured(self.plugin.Config, self.fixtures.config)
        return [secret.reveal() for secret in secrets_of(config) if secret]

    def plain_send(self) -> OutboundCase:
        """The case failures are tried with: the first of one wire request that sends; asking for a key of the
        provider's to send with is another. Raises Nonconforming."""
        simulator = self.simulated()
        for case in self.fixtures.outbound:
            if case.ability == "send" and sum(map(simulator.is_send, case.wire)) == 1:
                return case
        raise Nonconforming("no outbound fixture with ability `send` and a single wire request that sends")

    def sending(
        self,
        settings: Mapping[str, Any],
        act: Callable[[Plugin[Any]], Awaitable[T]],
        log: Callable[[Exchange], None] = lambda _exchange: None,
    ) -> T:
        """Runs `act` with a plugin of these settings, on a loop of its own."""

        async def run() -> T:
            config = configured(self.plugin.Config, dict(settings))
            http = Http(
                self.fixtures.connector,
                trusted=self.plugin.trusted_origins(config),
                log=log,
                secrets=secrets_of(config),
                longest=self.longest,
            )
            plugin: object = (told := self.plugin(config, self._tools(http)))
            try:
                return await act(told)
            finally:
                if isinstance(plugin, Closes):
                    await plugin.close()
                await http.close()

        return asyncio.run(run())

    def _tools(self, http: Http) -> Tools:
        return Tools(self.fixtures.connector, http, webhook_url=self.fixtures.url, state=Remembered())


async def perform(plugin: Plugin[Any], case: OutboundCase) -> Sent | None:
    """Does what an outbound case asks. Raises the sending errors, and Nonconforming where the ability is absent."""
    with TemporaryDirectory() as folder:
        outbound = case.with_files(Path(folder))
        match outbound:
            case OutboundEdit() if isinstance(plugin, Edits):
                return await plugin.edit(outbound)
            case OutboundReaction() if isinstance(plugin, Reacts):
                return await plugin.react(outbound)
            case Typing(external_id=str(name)) if isinstance(plugin, TypesUnder):
                await plugin.typing_under(outbound.address, name)
                return None
            case Typing() if isinstance(plugin, Types):
                await plugin.typing(outbound.address, outbound.thread)
                return None
            case Reading() if isinstance(plugin, Reads):
                await plugin.read(outbound.address, outbound.external_id)
                return None
            case Outbound() if not isinstance(outbound, OutboundEdit):
                return await plugin.send(outbound)
    raise Nonconforming(f"{case}: the plugin has no ability to {case.ability}")
