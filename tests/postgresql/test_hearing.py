"""Hearing what other processes commit: at once, and to its end at once, however seldom the thread looks."""

import queue

import msgspec
import pytest

from gateway.store.engine import hearing_of
from gateway.store.postgresql import hearing
from gateway.store.postgresql.connecting import connected
from gateway.store.postgresql.numbering import CHANNEL, TELL, Said

pytestmark = [pytest.mark.engine("postgresql"), pytest.mark.server("postgresql")]


@pytest.fixture(autouse=True)
def seldom(monkeypatch):
    monkeypatch.setattr(hearing, "LOOKS", 3600.0)


def test_what_is_told_is_heard_and_the_end_is_too(engine):
    heard = queue.SimpleQueue()
    listens = hearing_of(engine, lambda position, woken: heard.put((position, woken)))
    listens.start()
    said = msgspec.json.encode(Said(position=7, by="another", woken=["lane\none"]))
    while heard.empty():  # until it listens
        with connected(engine) as driver:
            driver.execute(TELL, (CHANNEL, said.decode()))
    assert heard.get() == (7, frozenset({("lane", "one")}))
    listens.stop()


def test_what_never_began_ends(engine):
    hearing_of(engine, lambda *_: None).stop()
