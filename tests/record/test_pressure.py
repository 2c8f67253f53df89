"""What comes from outside is sent away before the queue is long in time; what was let in is written soon."""

import asyncio
import threading
import time
from collections.abc import Sequence

import pytest

from gateway.store.pressure import Pressure
from gateway.store.transaction import Transaction
from gateway.store.writer import MOST, Overloaded, Writer
from tests.record.conftest import Store

EACH = 0.002
"""Seconds a change takes at the least."""
PATIENCE = 1.0


class Hand:
    """A clock that is set by hand."""

    at = 100.0

    def __call__(self) -> float:
        return self.at


def slowly(_: Transaction, items: Sequence[None]) -> list[None]:
    time.sleep(EACH * len(items))
    return [None] * len(items)


def test_who_comes_waits_as_long_as_those_before_took() -> None:
    hand = Hand()
    pressure = Pressure(hand)
    assert pressure.seconds(1000) == 0.0
    pressure.began()
    hand.at += 0.5
    pressure.ended(250)
    assert pressure.seconds(1000) == pytest.approx(2.0)


def test_a_store_that_gets_faster_is_soon_trusted_again() -> None:
    hand = Hand()
    pressure = Pressure(hand)
    for took in (2.0, *[0.02] * 20):
        pressure.began()
        hand.at += took
        pressure.ended(200)
    assert pressure.seconds(1000) < 0.2


def test_a_batch_that_does_not_end_counts_while_it_lasts() -> None:
    hand = Hand()
    pressure = Pressure(hand)
    pressure.began()
    hand.at += 3.0
    assert pressure.seconds(10) == 3.0


def test_a_flood_leaves_a_queue_no_longer_than_the_patience_whatever_the_capacity(store: Store) -> None:
    async def flood() -> tuple[int, int, int]:
        writer = Writer(store.engine, capacity=1_000_000, patience=PATIENCE)
        writer.start()
        await writer.write(slowly, None)
        taken, refused, longest = [], 0, 0
        for _ in range(100):
            for _ in range(200):
                try:
                    writer.admit()
                    taken.append(writer.write(slowly, None))
                except Overloaded:
                    refused += 1
                longest = max(longest, writer.waiting)
            await asyncio.sleep(EACH)
        await asyncio.gather(*taken)
        writer.stop()
        return len(taken), refused, longest

    taken, refused, longest = asyncio.run(flood())
    assert taken + refused == 100 * 200
    assert refused > taken
    assert longest <= PATIENCE / EACH + 1


def test_while_the_store_stands_still_one_batch_is_let_in_and_the_hubs_own_work(store: Store) -> None:
    writer = Writer(store.engine, patience=0.05)
    writer.start()
    goes_on = threading.Event()
    blocked = writer.submit(lambda _, items: [goes_on.wait(30) for _ in items], None)
    time.sleep(0.1)
    taken = []
    while not writer.late:
        taken.append(writer.submit(slowly, None))
    with pytest.raises(Overloaded):
        writer.admit()
    assert writer.waiting == MOST + 1
    own = writer.submit(slowly, None)
    goes_on.set()
    for future in (blocked, *taken, own):
        future.result(30)
    writer.admit()
    writer.stop()
