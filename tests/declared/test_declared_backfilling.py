"""What the hub missed, by a list that a declared provider keeps."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from declared_channels import FOLDERS
from declared_files import ACME, NOW, SETTINGS, backfilled, plugin

from connectors.channels.sinch.simulator import Simulator as Sinch
from connectors.kit.base import Backfills, Polled
from connectors.kit.declared import DeclarationError
from connectors.kit.declared.backfilling import MOST
from connectors.kit.declared.pages import MOST_PAGES
from connectors.kit.declared.simulator import simulator_of
from connectors.kit.errors import Misconfigured, Temporary
from connectors.kit.fixtures import read_fixtures
from connectors.kit.testing.simulator import Reply
from normalizer.inbound import Unreadable
from tests.background.heronry import eventually, rows, texts
from tests.channels import beside

BACKFILL = """\
backfill:
  url: "{api_base}/received"
  headers: {x-key: "{word}"}
  query: {since: "{since}", page: "{page}"}
  first: 1
  items: list
  time: came
"""
ANSWER = "  backfill: {json: {list: []}}\n"
MISSING = ACME.replace("send:\n", f"{BACKFILL}send:\n", 1).replace("simulated:\n", f"simulated:\n{ANSWER}")
SINCE = "2026-11-21T09:00:00.000Z"
BEFORE = "2026-11-21T09:50:00.000Z"
"""Ten minutes before NOW."""
PAGE = 100


def item(n, came=None, **more):
    at = came or (NOW - timedelta(minutes=30) + timedelta(milliseconds=n)).isoformat()
    return {"id": str(n), "from": "447700900222", "text": f"no. {n}", "came": at, **more}


def asked(folder, cursor, *items, text=MISSING, answer=None):
    """What was asked for, and what came of a list of these, the newest first and in pages."""

    class Keeping(simulator_of(plugin(folder, text))):
        async def answer(self, request):
            number = int(parse_qs(urlsplit(request.path).query)["page"][0]) - 1
            listed = items[::-1][number * PAGE : (number + 1) * PAGE]
            return answer or Reply.json({"list": listed})

    with Keeping(SETTINGS) as provider:
        return provider.requests, backfilled(provider, cursor)


def test_it_begins_with_none_of_the_past(tmp_path):
    assert asked(tmp_path, None, item(1)) == ([], Polled([], "2026-11-21T10:00:00.000Z", b"[]"))


def test_what_came_is_told_once_and_the_oldest_first(tmp_path):
    requests, found = asked(tmp_path, SINCE, *map(item, range(150)))
    assert [each.path for each in requests] == [
        f"/received?since=2026-11-21T09%3A00%3A00.000Z&page={page}" for page in (1, 2, 3)
    ]
    assert requests[0].headers["x-key"] == SETTINGS["word"]
    assert [each.key for each in found.inbound] == [f"message:{n}" for n in range(150)]
    assert (found.cursor, found.more) == (BEFORE, False)
    assert json.loads(found.raw) == list(map(item, range(150)))


def test_a_provider_that_knows_no_pages_is_asked_twice(tmp_path):
    requests, found = asked(tmp_path, SINCE, answer=Reply.json({"list": [item(2), item(1)]}))
    assert (len(requests), [each.key for each in found.inbound]) == (2, ["message:1", "message:2"])


def test_where_its_flag_is_off_nothing_is_asked_for(tmp_path):
    flag = "  catch_up: {type: flag, help: Whether., default: false}\n  sender: {help"
    text = MISSING.replace("  sender: {help", flag).replace("  first: 1\n", "  first: 1\n  setting: catch_up\n")
    assert asked(tmp_path, SINCE, item(1), text=text) == ([], Polled([], "2026-11-21T10:00:00.000Z", b"[]"))


def test_what_is_older_than_asked_for_stays_away(tmp_path):
    _, found = asked(tmp_path, SINCE, item(1, "2026-11-21T08:59:59Z"), item(2, "2026-11-21T09:00:00Z"))
    assert [each.key for each in found.inbound] == ["message:2"]


def test_what_cannot_be_read_is_quarantined_alone(tmp_path):
    _, found = asked(tmp_path, SINCE, {"came": "yesterday"}, 7, item(1))
    number, unread, message = found.inbound
    assert isinstance(unread, Unreadable)
    assert isinstance(number, Unreadable)
    assert (json.loads(unread.slice), message.key) == ({"came": "yesterday"}, "message:1")


def test_more_than_can_be_taken_is_taken_in_portions(tmp_path):
    _, found = asked(tmp_path, SINCE, *(item(n, f"2026-11-21T09:{n // 60:02}:{n % 60:02}.5Z") for n in range(MOST + 1)))
    assert (len(found.inbound), found.more) == (MOST, True)
    assert found.cursor == "2026-11-21T09:33:19.000Z"
    with pytest.raises(Temporary, match=f"more than {MOST} messages within a second"):
        asked(tmp_path, SINCE, *(item(n, SINCE) for n in range(MOST + 1)))


def test_a_list_without_an_end_is_given_up(tmp_path):
    class Endless(simulator_of(plugin(tmp_path, MISSING))):
        async def answer(self, request):  # noqa: ARG002 - there is always another
            return Reply.json({"list": [item(len(self.requests))]})

    with Endless(SETTINGS) as provider:
        with pytest.raises(Temporary, match=f"more than {MOST_PAGES} pages"):
            backfilled(provider, SINCE)
        assert len(provider.requests) == MOST_PAGES


@pytest.mark.parametrize(
    ("cursor", "reply", "error"),
    [
        (SINCE, Reply(401), Misconfigured),
        (SINCE, Reply(429), Temporary),
        (SINCE, Reply(502), Temporary),
        (SINCE, Reply(200, b"<html>"), Temporary),
        (SINCE, Reply.json({}), Temporary),
        ("of another plugin", Reply.json({"list": []}), Temporary),
    ],
)
def test_a_list_that_cannot_be_had_says_what_to_do(tmp_path, cursor, reply, error):
    with pytest.raises(error) as raised:
        asked(tmp_path, cursor, answer=reply)
    assert type(raised.value) is error


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            MISSING.replace("\n  sender: {", "\n  page: {").replace("{sender}", "{page}"),
            "no name for a setting beside it: page",
        ),
        (MISSING.replace("  first: 1\n", "  setting: word\n"), "backfill.setting: no setting of type flag"),
        (MISSING.replace(ANSWER, ""), "`backfill` is missing: what its request is answered"),
        (MISSING.replace("{since}", "{cursors}"), "{cursors} is neither a setting"),
        (
            MISSING.replace("time: came", "time: came\n  read: [isoo]"),
            "33:10: backfill.read.0.: there is no function 'isoo'",
        ),
        (
            MISSING.replace("time: came", "time: came\n  wait: 301"),
            "nobody waits for a webhook for more than 300 seconds",
        ),
        (MISSING.replace("time: came", "time: came\n  next: a\n  cursor: b"), "the next one's address, or its cursor"),
    ],
)
def test_what_cannot_work_is_refused(tmp_path, text, told):
    with pytest.raises(DeclarationError, match=told):
        plugin(tmp_path, text)


def test_without_a_declaration_nothing_is_asked_for(tmp_path):
    assert not issubclass(plugin(tmp_path), Backfills)


class Received(Sinch):
    """Sinch, which keeps what came for it to be asked."""

    def __init__(self, *given):
        super().__init__(*given)
        self.received = []

    def missed(self, words):
        said = {**json.loads(self.message(words)), "received_at": datetime.now(UTC).isoformat()}
        self.received.insert(0, said)
        return json.dumps(said).encode()

    async def answer(self, request):
        if "/inbounds" not in request.path:
            return await super().answer(request)
        asked = {name: value for name, (value,) in parse_qs(urlsplit(request.path).query).items()}
        since = datetime.fromisoformat(asked["start_date"])
        assert asked["to"] == self.config["sender"]
        listed = [each for each in self.received if datetime.fromisoformat(each["received_at"]) >= since]
        size, page = int(asked["page_size"]), int(asked["page"])
        told = listed[page * size : (page + 1) * size]
        return Reply.json({"page": page, "page_size": size, "count": len(listed), "inbounds": told})


def test_what_came_while_the_hub_was_down_comes_with_its_start(tmp_path):
    often = {"limits": {"backfill_every": "1s"}}

    async def test(provider):
        async with beside.running(tmp_path, "sinch", provider, told=often) as at:
            await eventually(lambda: rows(at.hub, "SELECT cursor FROM cursors"))
            assert await at.heard(provider.genuine(provider.missed("before"))) == 200
        for words in ("while", "STOP"):
            provider.missed(words)
        async with beside.running(tmp_path, "sinch", provider, told=often) as at:
            await eventually(lambda: texts(at.hub) == ["before", "while", "STOP"])
            assert at.consents() == ["opted_out"]

    with Received(read_fixtures(FOLDERS["sinch"] / "fixtures").config, beside.HOOK) as provider:
        asyncio.run(test(provider))
