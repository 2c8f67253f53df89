"""The load that is measured with is what it says it is."""

import re
from datetime import UTC, datetime

import msgspec

from benchmarks.load import BODY, CHATS, SCRIPT, update
from connectors.channels.telegram.parse import parse
from normalizer.inbound import MessageReceived

AT = datetime(2026, 11, 21, tzinfo=UTC)


def test_both_generators_write_the_same_update():
    (form,) = re.findall(r"FORM = ('.*?')\n  local", SCRIPT.read_text(), re.DOTALL)
    assert "".join(re.findall(r"'([^']*)'", form)) == BODY


def test_every_update_is_one_message_of_its_own_in_one_of_the_chats():
    messages = [parse(update(number), AT) for number in range(100_000_000, 100_000_000 + 2 * CHATS)]
    assert all(len(each) == 1 and isinstance(each[0], MessageReceived) for each in messages)
    assert len({each[0].key for each in messages}) == len({each[0].external_id for each in messages}) == 2 * CHATS
    assert len({each[0].peer.person.address.value for each in messages}) == CHATS


def test_updates_are_all_of_one_length():
    assert {len(update(number)) for number in (100_000_000, 123_456_789, 999_999_999)} == {len(BODY % ((0,) * 6))}
    assert msgspec.json.decode(update(100_000_001))["update_id"] == 100_000_001
