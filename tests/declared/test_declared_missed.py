"""A message that arrives at a declared provider while the hub is down is there once, with the hub's start."""

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta
from importlib import import_module
from urllib.parse import parse_qsl, urlsplit

import pytest
from declared_channels import DECLARED, FOLDERS
from declared_files import plugin

from connectors.channels.signalwire.simulator import Simulator as SignalWire
from connectors.kit import registry
from connectors.kit.base import Backfills
from connectors.kit.declared.backfilling import FORMAT
from connectors.kit.declared.simulator import simulator_of
from connectors.kit.fixtures import read_fixtures
from connectors.kit.testing.simulator import Reply
from tests.background.heronry import eventually, rows, texts
from tests.channels import beside

ABLE = [name for name in DECLARED if issubclass(registry.load(name), Backfills)]
OFTEN = {"limits": {"backfill_every": "1s"}}
ASKED = {
    "sinch": {"to": "447700900111", "page": "0", "page_size": "100"},
    "signalwire": {"To": "+447700900111", "PageSize": "100"},
    "bird": {"direction": "inbound", "to": "+447700900111", "limit": "100"},
    "messagebird": {"direction": "mo", "recipient": "447700900111", "limit": "100", "offset": "0"},
    "vonage_sms": {
        "account_id": "abcd1234",
        "product": "SMS",
        "direction": "inbound",
        "include_message": "true",
    },
}
SINCE = {"sinch": "start_date", "bird": "created_after", "messagebird": "from", "vonage_sms": "date_start"}
"""Which field says from when on; without one the list, which begins with the newest, is read that far."""


def provider_of(name):
    simulator = import_module(f"{registry.load(name).__module__}.simulator").Simulator
    return simulator(read_fixtures(FOLDERS[name] / "fixtures").config, beside.HOOK)


def down_since(folder, then):
    """The hub's last look was at that time."""
    with sqlite3.connect(folder / "hub.db") as store:
        store.execute("UPDATE cursors SET cursor = ?", (then.strftime(FORMAT),))


@pytest.mark.parametrize("name", ABLE)
def test_what_came_while_the_hub_was_down_is_there_once(tmp_path, name):
    now = datetime.now(UTC)

    async def test(provider):
        running = {"told": OFTEN, "backfill": True}
        async with beside.running(tmp_path, name, provider, **running) as at:
            await eventually(lambda: rows(at.hub, "SELECT cursor FROM cursors"))
            heard = provider.missed("before", at=now - timedelta(minutes=55))
            assert await at.heard(provider.genuine(heard)) == 200
        down_since(tmp_path, now - timedelta(hours=1))
        missed = [provider.missed(words, at=now - timedelta(minutes=5)) for words in ("while", "STOP")]
        async with beside.running(tmp_path, name, provider, **running) as at:
            await eventually(lambda: texts(at.hub)[1:] == ["while", "STOP"])
            assert at.consents() == ["opted_out"]
            for payload in missed:  # the provider's own repetition comes after all
                assert await at.heard(provider.genuine(payload)) == 200
            assert texts(at.hub) == ["before", "while", "STOP"]
            assert at.consents() == ["opted_out"]
            assert rows(at.hub, "SELECT count(*) FROM quarantine") == [(0,)]

    with provider_of(name) as provider:
        asyncio.run(test(provider))
        lists = [dict(parse_qsl(urlsplit(each.path).query)) for each in provider.requests if not provider.is_send(each)]
    for told in lists:
        for asked in filter(told.get, (SINCE.get(name, ""), "date_end")):
            assert datetime.fromisoformat(told.pop(asked)).tzinfo is not None
    assert lists[0] == ASKED[name]


@pytest.mark.parametrize("name", ABLE)
def test_where_its_flag_is_off_nobody_is_asked(tmp_path, name):
    async def test(provider):
        async with beside.running(tmp_path, name, provider, told=OFTEN, backfill=False) as at:
            await eventually(lambda: rows(at.hub, "SELECT cursor FROM cursors"))

    with provider_of(name) as provider:
        asyncio.run(test(provider))
        assert provider.requests == []


def test_a_provider_without_a_list_misses_nothing(tmp_path):
    with pytest.raises(LookupError, match="no list of what came"):
        simulator_of(plugin(tmp_path))({}).missed("hello")


def test_some_channels_ask():
    assert set(ABLE) == set(ASKED)


def listed_by_signalwire(**more):
    return {
        "sid": "0a059168-ead0-41af-9d1f-343dae832527",
        "from": "+447700900222",
        "to": "+447700900111",
        "body": "look",
        "direction": "inbound",
        "num_media": 0,
        "date_created": "Sat, 21 Nov 2026 09:30:00 +0000",
        **more,
    }


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({}, ["look"]),
        ({"num_media": "0", "body": None}, ["[empty message]"]),
        ({"num_media": 2}, ["look [its files are at SignalWire]"]),
        ({"num_media": "1", "body": None}, ["[its files are at SignalWire]"]),
        ({"direction": "outbound-api"}, []),
    ],
)
def test_signalwires_list_says_of_files_only_that_they_are(more, text):
    answer = Reply.json({"messages": [listed_by_signalwire(**more)], "next_page_uri": None})
    config = read_fixtures(FOLDERS["signalwire"] / "fixtures").config
    with beside.answering(SignalWire, config, answer) as provider:
        since = "2026-11-21T09:00:00.000Z"
        found = beside.during(provider.plugin, provider, lambda plugin: plugin.backfill(since))
    assert [each.text.strip() for each in found.inbound] == text
