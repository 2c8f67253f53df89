"""A channel with a window: any words within it, a template at any time."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from gateway.send.asks import Accepted, Rejected
from gateway.store.times import SECOND
from normalizer.commands import Recipient, SendMessage
from normalizer.parts import TemplatePart
from tests.record.conftest import said
from tests.send.conftest import Desk

DAY = 86_400
TEMPLATE = TemplatePart(name="parcel", language="en")


class Windowed(Desk):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        info = self.plugin.info
        capability = msgspec.structs.replace(info.capability, templates=True, window=DAY, initiates=True)
        vars(self.plugin)["info"] = replace(info, capability=capability)
        self.place = replace(self.place, window=DAY)
        self.connector = replace(self.connector, place=self.place)
        self.connectors = {"support": self.connector}


@pytest.fixture
def windowed(tmp_path: Path) -> Iterator[Windowed]:
    desk = Windowed(tmp_path)
    try:
        yield desk
    finally:
        desk.close()


def heard(desk: Windowed, at: datetime) -> None:
    """The customer writes, on a channel that has a window now."""
    desk.record(said("again", n=2, occurred_at=at))


def test_within_the_window_any_words_leave(windowed: Windowed) -> None:
    heard(windowed, datetime.now(UTC))
    [(last, until)] = windowed.rows("SELECT last_inbound_at, window_until FROM routes")
    assert until == last + DAY * SECOND
    assert windowed.say("hello").delivery is not None


def test_outside_the_window_only_a_template_leaves(windowed: Windowed) -> None:
    heard(windowed, datetime.now(UTC) - timedelta(days=1, seconds=1))
    refused = windowed.ask(SendMessage(conversation_id=windowed.conversation_id, text="hello"))
    assert isinstance(refused, Rejected)
    assert refused.code == "window_closed"
    assert windowed.say("It left.", parts=(TEMPLATE,)).delivery is not None


def test_who_never_wrote_is_outside_the_window(windowed: Windowed) -> None:
    to = Recipient(connector="support", address="99")
    refused = windowed.ask(SendMessage(to=to, text="hello"))
    assert isinstance(refused, Rejected)
    assert refused.code == "window_closed"
    assert isinstance(windowed.ask(SendMessage(to=to, text="It left.", parts=(TEMPLATE,))), Accepted)
