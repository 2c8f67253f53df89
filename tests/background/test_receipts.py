"""What an agent has read is told to the provider: the last message, once, on each engine of the store."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from connectors.kit.errors import Temporary
from gateway.hub import Hub
from gateway.send.seen import ReadOrder, read
from normalizer.commands import ReadConversation
from normalizer.inbound import Address
from normalizer.model import Author, AuthorKind
from tests.background.heronry import Heron, Note, deliver, events, eventually, live, rows, run, running, settings_in

ADA = Author(kind=AuthorKind.AGENT, ref="key", name="Ada")


class ReadingHeron(Heron):
    """Is told what was read, and fails as often as it should."""

    info = replace(Heron.info, capability=msgspec.structs.replace(Heron.info.capability, reads=True))

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.told: list[tuple[str, str]] = []
        self.fails = 0

    def tells_read(self) -> bool:
        return True

    async def read(self, address: Address, external_id: str) -> None:
        if self.fails:
            self.fails -= 1
            raise Temporary("not now")
        self.told.append((address.value, external_id))


async def read_up_to_newest(hub: Hub) -> None:
    newest = events(hub, "message.received")[-1]["data"]["message"]["id"]
    ((conversation,),) = rows(hub, "SELECT id FROM conversations")
    await hub.writer.write(read, ReadOrder(ADA, ReadConversation(conversation_id=conversation, up_to=newest)))


def test_the_last_that_was_read_is_told_once_and_what_came_later_by_itself(tmp_path: Path) -> None:
    async def test() -> None:
        pond = live(ReadingHeron)
        async with running(settings_in(tmp_path), pond) as hub:
            await deliver(hub, Note(id="1"), Note(id="2"))
            await read_up_to_newest(hub)
            await read_up_to_newest(hub)
            await eventually(lambda: pond.plugin.told)
            await deliver(hub, Note(id="3"))
            await read_up_to_newest(hub)
            await eventually(lambda: len(pond.plugin.told) == 2)
        assert [name for _, name in pond.plugin.told] == ["2", "3"]

    run(test)


def test_one_that_fails_is_not_told_again_and_harms_no_later_one(tmp_path: Path) -> None:
    async def test() -> None:
        pond = live(ReadingHeron)
        async with running(settings_in(tmp_path), pond) as hub:
            pond.plugin.fails = 1
            for number in ("1", "2"):
                await deliver(hub, Note(id=number))
                await read_up_to_newest(hub)
                await eventually(lambda: pond.plugin.fails == 0)
            await eventually(lambda: pond.plugin.told)
        assert [name for _, name in pond.plugin.told] == ["2"]

    run(test)
