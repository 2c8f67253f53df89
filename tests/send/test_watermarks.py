"""Some providers tell only up to when somebody was reached, or has read."""

from datetime import datetime, timedelta

import pytest

from gateway.store.times import from_us
from normalizer.inbound import ReadUpTo
from tests.record.conftest import AT, peer
from tests.send.conftest import Desk, run


def statuses(desk: Desk) -> list[str]:
    return [status for (status,) in desk.rows("SELECT status FROM deliveries ORDER BY id")]


def told(desk: Desk, until: datetime, seen: bool) -> None:
    item = ReadUpTo(key=f"{until}:{seen}", peer=peer(), until=until, seen=seen, occurred_at=AT)
    desk.record(item)


@pytest.fixture
def asked_at(desk: Desk) -> list[datetime]:
    """When each of two messages was asked for; both were accepted."""
    desk.say("one")
    desk.say("two")
    run(desk, accepted=2)
    return [from_us(at) for (at,) in desk.rows("SELECT created_at FROM deliveries ORDER BY id")]


def test_what_was_sent_before_was_delivered_then_read_and_what_came_later_was_neither(
    desk: Desk, asked_at: list[datetime]
) -> None:
    told(desk, asked_at[0], seen=False)
    assert statuses(desk) == ["delivered", "accepted"]
    told(desk, asked_at[0], seen=True)
    assert statuses(desk) == ["read", "accepted"]
    told(desk, asked_at[1], seen=False)
    assert statuses(desk) == ["read", "delivered"]


def test_a_watermark_before_all_of_it_says_nothing(desk: Desk, asked_at: list[datetime]) -> None:
    told(desk, asked_at[0] - timedelta(seconds=1), seen=True)
    assert statuses(desk) == ["accepted", "accepted"]


def test_what_may_not_have_left_is_not_taken_for_read(desk: Desk, asked_at: list[datetime]) -> None:
    desk.writer.submit(uncertain, None).result(10)
    told(desk, asked_at[1], seen=True)
    assert statuses(desk) == ["uncertain", "uncertain"]


def uncertain(transaction, _):  # type: ignore[no-untyped-def]
    transaction.change("UPDATE deliveries SET status = 'uncertain'")
    return [None]
