"""How a declared provider's list is paged, and how its items come to be what the webhook would have been."""

from datetime import datetime, timedelta

import msgspec
import pytest
from declared_files import ACME, NOW, SETTINGS, backfilled, plugin

from connectors.kit.declared import DeclarationError
from connectors.kit.declared.simulator import simulator_of
from connectors.kit.errors import Temporary
from connectors.kit.testing.simulator import Reply
from normalizer.inbound import Unreadable

BACKFILL = """\
backfill:
  url: "{api_base}/received"
  headers: {x-key: "{word}"}
  query: QUERY
  items: list
  time: came
"""
SINCE = "2026-11-21T09:00:00.000Z"


def declared(query, *more):
    """A declaration that asks for its list with this query, and with these lines more."""
    lines = BACKFILL.replace("QUERY", query) + "".join(f"  {line}\n" for line in more)
    listing = ACME.replace("send:\n", f"{lines}send:\n", 1)
    return listing.replace("simulated:\n", "simulated:\n  backfill: {json: {list: []}}\n")


def item(n, **more):
    return {"id": str(n), "from": "447700900222", "text": f"no. {n}", "came": came(n).isoformat(), **more}


def came(n):
    """Half an hour ago, and a second later for each."""
    return NOW - timedelta(minutes=30) + timedelta(seconds=n)


def asked(folder, text, *answers, since=SINCE, **settings):
    """What was asked for, and what came of these answers in their order; `ORIGIN` stands for the provider's."""

    class Answering(simulator_of(plugin(folder, text))):
        async def answer(self, request):  # noqa: ARG002 - one after the other
            told = msgspec.json.encode(answers[len(self.requests) - 1])
            return Reply(200, told.replace(b"ORIGIN", self.url.encode()))

    with Answering({**SETTINGS, **settings}) as provider:
        return provider, backfilled(provider, since)


def paths(provider):
    return [each.path for each in provider.requests]


def keys(found):
    return [each.key for each in found.inbound]


def test_a_cursor_leads_from_page_to_page_until_there_is_none(tmp_path):
    text = declared('{after: "{cursor}"}', "cursor: more.cursor")
    pages = ({"list": [item(3)], "more": {"cursor": "a/b"}}, {"list": [], "more": {"cursor": 7}}, {"list": [item(1)]})
    provider, found = asked(tmp_path, text, *pages)
    assert paths(provider) == ["/received", "/received?after=a%2Fb", "/received?after=7"]
    assert keys(found) == ["message:1", "message:3"]


@pytest.mark.parametrize("origin", ["ORIGIN", ""])
def test_a_page_names_the_next_one_with_or_without_its_origin(tmp_path, origin):
    text = declared('{size: "2"}', "next: next_page")
    first = {"list": [item(2)], "next_page": f"{origin}/received?size=2&page=2"}
    provider, found = asked(tmp_path, text, first, {"list": [item(1)], "next_page": None})
    assert paths(provider) == ["/received?size=2", "/received?size=2&page=2"]
    assert [each.headers["x-key"] for each in provider.requests] == [SETTINGS["word"]] * 2
    assert keys(found) == ["message:1", "message:2"]


@pytest.mark.parametrize("elsewhere", ["https://evil.example/received", "//evil.example/", "ftp:/received", "http://["])
def test_a_next_page_elsewhere_gets_no_credentials(tmp_path, elsewhere):
    text = declared("{}", "next: next_page")
    with pytest.raises(Temporary, match="a next page at another host"):
        asked(tmp_path, text, {"list": [item(1)], "next_page": elsewhere})


@pytest.mark.parametrize("said", [{"a": 1}, True, "x" * 5000, "two\nlines"])
def test_what_a_page_says_of_the_next_must_be_readable(tmp_path, said):
    with pytest.raises(Temporary, match="says nothing readable of the next"):
        asked(tmp_path, declared('{after: "{cursor}"}', "cursor: more"), {"list": [item(1)], "more": said})


def test_pages_may_be_counted_in_items(tmp_path):
    text = declared('{from: "{since}", skip: "{offset}"}', "size: 2", 'since: "%Y-%m-%d %H:%M"')
    pages = ({"list": [item(4), item(3)]}, {"list": [item(2)]}, {"list": []})
    provider, found = asked(tmp_path, text, *pages)
    assert paths(provider) == [f"/received?from=2026-11-21%2009%3A00&skip={skip}" for skip in (0, 2, 4)]
    assert keys(found) == ["message:2", "message:3", "message:4"]


def test_a_list_that_begins_with_the_newest_is_read_no_further_than_asked_for(tmp_path):
    text = declared('{page: "{page}"}', "newest_first: true", "first: 1")
    long_ago = item(9, came="2026-11-21T08:59:59Z")
    provider, found = asked(tmp_path, text, {"list": [item(2)]}, {"list": [item(1), {"came": "?"}, long_ago]})
    assert paths(provider) == ["/received?page=1", "/received?page=2"]
    unreadable, *messages = found.inbound
    assert isinstance(unreadable, Unreadable)
    assert [each.key for each in messages] == ["message:1", "message:2"]


def test_what_came_just_now_is_left_to_a_webhook_that_tells_more(tmp_path):
    text = declared("{}", "wait: 60", "cursor: none")
    late = item(1, came=(NOW - timedelta(seconds=60)).isoformat())
    provider, found = asked(tmp_path, text, {"list": [late, item(2, came=(NOW - timedelta(seconds=59)).isoformat())]})
    assert (paths(provider), keys(found), found.cursor) == (["/received"], ["message:1"], "2026-11-21T09:50:00.000Z")


def test_times_are_read_as_the_file_says(tmp_path):
    text = declared("{}", 'read: ["time %a, %d %b %Y %H:%M:%S %z"]', "cursor: none")
    listed = [item(n, came=f"Sat, 21 Nov 2026 0{n}:00:01 +0000") for n in (9, 8)]
    _, found = asked(tmp_path, text, {"list": listed})
    assert [(each.key, each.occurred_at) for each in found.inbound] == [
        ("message:9", datetime.fromisoformat("2026-11-21T09:00:01Z"))
    ]


def test_items_take_the_shape_of_a_webhook_that_is_a_form(tmp_path):
    text = declared("{}", "cursor: none")
    text = text.replace("items: list", "items: \"list[?way == 'in'].{id: sid, from: who, text: body, came: at}\"")
    text = text.replace("body: json", "body: form")
    listed = [
        {"sid": f"S{way}", "way": way, "who": "447700900222", "body": "hi", "at": came(1).isoformat()}
        for way in ("in", "out")
    ]
    provider, found = asked(tmp_path, text, {"list": listed})
    (message,) = found.inbound
    assert (message.key, message.text, message.peer.person.address.value) == ("message:Sin", "hi", "+447700900222")
    assert msgspec.json.decode(found.raw) == [
        {"id": "Sin", "from": "447700900222", "text": "hi", "came": came(1).isoformat()}
    ]
    assert provider.plugin.declaration.receive.body == "form"


def test_a_list_without_pages_is_asked_for_once(tmp_path):
    provider, found = asked(tmp_path, declared("{}"), {"list": [item(1)]})
    assert (paths(provider), keys(found)) == (["/received"], ["message:1"])


def test_a_list_may_want_to_be_asked_for_a_span_at_a_time(tmp_path):
    text = declared('{from: "{since}", to: "{until}"}', "span: 3600", 'since: "%H:%M"')
    provider, found = asked(tmp_path, text, {"list": [item(1)]})
    assert paths(provider) == ["/received?from=09%3A00&to=10%3A00"]
    assert (found.cursor, found.more) == ("2026-11-21T09:50:00.000Z", False)
    provider, found = asked(tmp_path, text, {"list": []}, since="2026-11-21T08:30:00.000Z")
    assert paths(provider) == ["/received?from=08%3A30&to=09%3A30"]
    assert (found.cursor, found.more) == ("2026-11-21T09:30:00.000Z", True)
    provider, found = asked(tmp_path, text, {"list": []}, since="2026-11-21T08:55:00.000Z")
    assert (found.cursor, found.more) == ("2026-11-21T09:50:00.000Z", True)
    with pytest.raises(DeclarationError, match="a span has at least 3600 seconds"):
        plugin(tmp_path, text.replace("span: 3600", "span: 3599"))


def test_a_list_may_stand_elsewhere_than_the_rest_and_hold_what_came_to_other_numbers(tmp_path):
    text = declared("{}").replace("{api_base}/received", "{lists_base}/received")
    text = text.replace("items: list", "items: \"list[?to == '{sender}']\"")
    lists = '  lists_base: {type: origin, help: Where., default: "https://lists.acme.example"}\n  sender: {help'
    text = text.replace("  sender: {help", lists)
    provider, found = asked(tmp_path, text, {"list": [item(1, to="5"), item(2, to="6")]}, sender="5")
    assert (paths(provider), keys(found)) == (["/received"], ["message:1"])
    with pytest.raises(DeclarationError, match="settings of type origin, and no others, end in '_base'"):
        plugin(tmp_path, text.replace("lists_base", "lists"))
