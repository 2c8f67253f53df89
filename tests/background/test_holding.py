"""A connector whose polls and sends go by one connection: of all processes one has both."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from connectors.kit.base import Outbound, Sent, Tools
from gateway.hub import Hub
from gateway.live import LiveConnector
from gateway.roles import Role
from gateway.settings.model import Settings
from tests.background.heronry import Config, Note, PollingHeron, deliver, eventually, live, run, settings_in
from tests.channels.beside import Beside


class HoldingHeron(PollingHeron):
    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self.closed = 0
        self.sent: list[str] = []

    def holds(self) -> bool:
        return True

    async def close(self) -> None:
        self.closed += 1

    async def send(self, outbound: Outbound) -> Sent:
        self.sent.append(outbound.payload.text)
        return Sent((outbound.token,))


@asynccontextmanager
async def one_of_several(settings: Settings, pond: LiveConnector, *roles: Role) -> AsyncIterator[Hub]:
    hub = Hub(settings, frozenset(roles))
    hub.connectors = {pond.id: pond}
    await hub.start()
    try:
        yield hub
    finally:
        await hub.stop()


def pond() -> LiveConnector:
    return live(HoldingHeron, config=Config(polling=True))


def test_it_sends_where_it_is_polled_and_moves_as_a_whole(tmp_path: Path) -> None:
    async def test() -> None:
        settings, one, other = settings_in(tmp_path), pond(), pond()
        async with one_of_several(settings, other, Role.DELIVER) as second:
            await eventually(lambda: second.polling.here("pond"))
            async with one_of_several(settings, one, Role.DELIVER, Role.RECEIVE) as first:
                await deliver(first, Note(id="1", text="one"))
                assert not first.polling.here("pond")
                (conversation,) = Beside(first).conversations()
                await Beside(first).say("an answer", conversation_id=conversation)
                await eventually(lambda: other.plugin.sent == ["an answer"])
                await second.drain()
                assert other.plugin.closed == 1
                await eventually(lambda: first.polling.here("pond"))
                await Beside(first).say("another", conversation_id=conversation)
                await eventually(lambda: one.plugin.sent == ["another"], seconds=20)
                await eventually(lambda: Beside(first).statuses() == ["accepted", "accepted"])
                assert one.plugin.closed == 0
        assert one.plugin.closed >= 1

    run(test)


@pytest.mark.parametrize(("role", "polls"), [(Role.DELIVER, True), (Role.CLOCK, False)])
def test_it_is_polled_by_who_delivers(tmp_path: Path, role: Role, polls: bool) -> None:
    async def test() -> None:
        async with one_of_several(settings_in(tmp_path), pond(), role) as hub:
            assert hub.polling.polls("pond") is polls

    run(test)


def test_any_other_is_polled_by_the_clock(tmp_path: Path) -> None:
    async def test() -> None:
        heron = live(PollingHeron, config=Config(polling=True))
        async with one_of_several(settings_in(tmp_path), heron, Role.DELIVER) as hub:
            assert not hub.polling.polls("pond")

    run(test)
