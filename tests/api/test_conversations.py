"""Listing, reading and changing conversations, and the timeline of a contact."""

import json
import re
from typing import Any

import msgspec
import pytest

from gateway.api import queries
from gateway.store import schema
from gateway.store.transaction import Transaction
from tests.api.conftest import Api

NOBODY = "00000000-0000-7000-8000-000000000000"


def listing(api: Api, query: str = "") -> list[int]:
    """The numbers of all conversations, page by page."""
    numbers: list[int] = []
    cursor = ""
    while True:
        page = api.ask("GET", f"/v1/conversations?limit=2{query}{cursor}")
        numbers += [conversation["number"] for conversation in page["conversations"]]
        if page["next"] is None:
            return numbers
        cursor = f"&cursor={page['next']}"


def change(api: Api, conversation_id: str, **values: Any) -> dict[str, Any]:
    return api.ask("PATCH", f"/v1/conversations/{conversation_id}", json=values)["conversation"]


def test_conversations_are_listed_newest_first_page_by_page(api: Api) -> None:
    for n in range(5):
        api.hear("hello", sender=f"bird{n}")
    assert listing(api) == [5, 4, 3, 2, 1]


def test_a_full_page_that_is_the_last_says_so(api: Api) -> None:
    for n in range(2):
        api.hear("hello", sender=f"bird{n}")
    assert api.ask("GET", "/v1/conversations?limit=2")["next"] is None
    assert api.ask("GET", "/v1/conversations?limit=1000")["next"] is None


def test_filters_narrow_the_listing(api: Api) -> None:
    for n in range(5):
        api.hear("hello", sender=f"bird{n}")
    [newest, *_, oldest] = api.ask("GET", "/v1/conversations")["conversations"]
    change(api, newest["id"], state="closed")
    change(api, oldest["id"], state="snoozed")
    assert listing(api, "&state=closed") == [5]
    assert listing(api, "&state=snoozed") == [1]
    assert listing(api, "&state=open") == [4, 3, 2]
    assert listing(api, "&inbox=main") == [5, 4, 3, 2, 1]
    assert listing(api, "&inbox=other") == []
    assert listing(api, f"&contact={oldest['contact_id']}") == [1]
    assert listing(api, f"&contact={oldest['contact_id']}&state=open") == []
    assert listing(api, f"&contact={NOBODY}") == []


def test_a_filter_finds_the_first_of_thousands_at_once(api: Api) -> None:
    api.hear("hello")
    multiply(api, 6_000, state="closed", inbox_id="other")
    page = api.ask("GET", "/v1/conversations?state=open")
    assert ([one["number"] for one in page["conversations"]], page["next"]) == ([1], None)
    page = api.ask("GET", "/v1/conversations?inbox=main")
    assert ([one["number"] for one in page["conversations"]], page["next"]) == ([1], None)
    page = api.ask("GET", "/v1/conversations?state=closed&limit=2")
    assert [one["number"] for one in page["conversations"]] == [6000, 5999]


def multiply(api: Api, many: int, **values: Any) -> None:
    """The one conversation so many times, the copies with other values."""

    def apply(transaction: Transaction, items: Any) -> list[None]:
        columns = [column.name for column in schema.conversations.columns]
        row = transaction.row("SELECT * FROM conversations")
        copy = dict(zip(columns, row or (), strict=True)) | values
        for n in range(2, many + 1):
            own = {"id": f"{n:08d}{NOBODY[8:]}", "number": n, "sharing_key": f"key {n}"}
            transaction.insert(schema.conversations, *(copy | own).values())
        transaction.flush()
        history = "INSERT INTO history_tail (conversation, sequence, position) VALUES (?, 1, 1)"
        for n in range(2, many + 1):
            transaction.change(history, n)
        return [None] * len(items)

    api.hub.writer.submit(apply, None).result(30)


@pytest.mark.parametrize("state", [None, "open", "snoozed", "closed"])
@pytest.mark.parametrize("inbox", [None, "main", "north", "nowhere"])
def test_every_filter_gives_what_looking_at_every_conversation_would(
    api: Api, state: str | None, inbox: str | None
) -> None:
    api.hear("hello")
    multiply(api, 40)
    places = [("open", "main"), ("closed", "north"), ("snoozed", "main"), ("closed", "main"), ("open", "north")]
    given = {1: ("open", "main")} | {n: places[n % len(places)] for n in range(2, 41)}

    def apply(transaction: Transaction, items: Any) -> list[None]:
        for n, (state, inbox) in given.items():
            transaction.change("UPDATE conversations SET state = ?, inbox_id = ? WHERE number = ?", state, inbox, n)
        return [None] * len(items)

    api.hub.writer.submit(apply, None).result(10)
    wanted = [n for n, place in given.items() if state in (None, place[0]) and inbox in (None, place[1])]
    query = "".join(f"&{name}={value}" for name, value in (("state", state), ("inbox", inbox)) if value)
    assert listing(api, query) == sorted(wanted, reverse=True)


@pytest.mark.parametrize("cursor", ["x", "!!!", "é", "dGltZWxpbmU6MQ", "Y29udmVyc2F0aW9uczphYmM", "A" * 1000])
def test_a_cursor_that_is_none_of_ours_is_refused(api: Api, cursor: str) -> None:
    problem = api.refuse("GET", f"/v1/conversations?cursor={cursor}", 422, "invalid")
    assert problem["errors"][0]["path"] == "cursor"


def test_messages_are_read_on_after_a_sequence(api: Api) -> None:
    api.hear(*[f"word {n}" for n in range(5)])
    path = f"/v1/conversations/{api.conversation()['id']}/messages"
    first = api.ask("GET", f"{path}?limit=3")
    assert [message["text"] for message in first["messages"]] == ["word 0", "word 1", "word 2"]
    assert first["next"] == first["messages"][-1]["sequence"]
    rest = api.ask("GET", f"{path}?after_sequence={first['next']}")
    assert [message["text"] for message in rest["messages"]] == ["word 3", "word 4"]
    assert api.ask("GET", f"{path}?after_sequence={rest['next']}") == {"messages": [], "next": rest["next"]}


@pytest.mark.parametrize("path", ["", "/messages"])
def test_a_conversation_nobody_knows_is_not_found(api: Api, path: str) -> None:
    api.refuse("GET", f"/v1/conversations/{NOBODY}{path}", 404, "not_found")


def test_a_change_is_recorded_and_told_once(api: Api) -> None:
    api.hear("hello")
    before = api.conversation()
    wanted = {
        "subject": "Crackers",
        "category": "orders",
        "labels": ["late", "vip", "late"],
        "priority": "high",
        "team": "blue",
        "assignee": "ada",
    }
    after = change(api, before["id"], **wanted)
    expected = before | wanted | {"labels": ["late", "vip"], "sequence": before["sequence"] + 1}
    assert after | {"updated_at": before["updated_at"]} == expected
    assert api.conversation() == after
    assert change(api, before["id"], **wanted) == after
    [told] = api.events("conversation.updated")
    assert told["data"]["conversation"] == after
    assert told["sequence"] == f"{after['sequence']:020d}"


def test_null_takes_a_value_away_and_what_is_absent_stays(api: Api) -> None:
    api.hear("hello")
    id_ = api.conversation()["id"]
    change(api, id_, subject="Crackers", team="blue")
    after = change(api, id_, team=None)
    assert (after["subject"], after["team"]) == ("Crackers", None)


def test_closing_says_when_and_opening_again_forgets_it(api: Api) -> None:
    api.hear("hello")
    id_ = api.conversation()["id"]
    closed = change(api, id_, state="closed")
    assert (closed["state"], closed["closed_at"]) == ("closed", closed["updated_at"])
    opened = change(api, id_, state="open")
    assert (opened["state"], opened["closed_at"]) == ("open", None)
    assert [event["type"] for event in api.events("conversation.*")] == [
        "onethread.conversation.opened.v1",
        "onethread.conversation.closed.v1",
        "onethread.conversation.updated.v1",
    ]


def test_a_conversation_cannot_be_opened_beside_the_open_one_of_its_contact(api: Api) -> None:
    api.hear("hello")
    first = api.conversation()["id"]
    change(api, first, state="closed")
    api.hear("me again", first=2)
    second = api.conversation()["id"]
    for state in ("open", "snoozed"):
        problem = api.refuse("PATCH", f"/v1/conversations/{first}", 409, "conflict", json={"state": state})
        assert second in problem["detail"]
    change(api, second, state="closed")
    assert change(api, first, state="open")["state"] == "open"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"state": "burnt"}, "state"),
        ({"state": None}, "state"),
        ({"team": "x" * 201}, "team"),
        ({"team": ""}, "team"),
        ({"assignee": " "}, "assignee"),
        ({"subject": ""}, "subject"),
        ({"subject": "one\ntwo"}, "subject"),
        ({"subject": "a\u0000b"}, "subject"),
        ({"labels": ["a\nb"]}, "labels[0]"),
        ({"labels": ["x"] * 51}, "labels"),
        ({"number": 7}, ""),
        ({"merged_into": NOBODY}, ""),
    ],
)
def test_a_change_that_cannot_be_is_refused(api: Api, body: dict[str, Any], path: str) -> None:
    problem = api.refuse("PATCH", f"/v1/conversations/{NOBODY}", 422, "invalid", json=body)
    assert problem["errors"][0]["path"] == path


@pytest.mark.parametrize(
    ("query", "path", "message"),
    [
        ("state=Open", "state", "Invalid enum value 'Open'; choose open, snoozed, closed"),
        ("contact=C1", "contact", "not an id: a UUID in lower case, as the API gives it"),
        ("stat=open", "stat", "there is no such parameter; did you mean state?"),
        ("x=1", "x", "there is no such parameter"),
    ],
)
def test_a_question_that_cannot_be_answered_says_what_would_be(api: Api, query: str, path: str, message: str) -> None:
    problem = api.refuse("GET", f"/v1/conversations?{query}", 422, "invalid")
    assert problem["errors"] == [{"path": path, "message": message}]
    assert problem["detail"] == f"{path}: {message}"


def test_a_value_that_cannot_be_says_which_can(api: Api) -> None:
    path = f"/v1/conversations/{NOBODY}"
    problem = api.refuse("PATCH", path, 422, "invalid", json={"priority": "urgent"})
    assert problem["errors"][0]["message"] == "Invalid enum value 'urgent'; choose emergency, high, normal, bulk"
    problem = api.refuse("PATCH", path, 422, "invalid", json={"labels": ["a\nb"]})
    assert problem["errors"] == [{"path": "labels[0]", "message": "not a text on one line"}]


def test_changing_what_is_not_there_is_not_found(api: Api) -> None:
    api.refuse("PATCH", f"/v1/conversations/{NOBODY}", 404, "not_found", json={"team": "blue"})


def test_a_contact_is_shown_with_identities_and_routes(api: Api) -> None:
    api.hear("hello")
    conversation = api.conversation()
    answer = api.ask("GET", f"/v1/contacts/{conversation['contact_id']}")
    assert answer["contact"]["name"] == "Ann"
    [identity], [route] = answer["identities"], answer["routes"]
    assert (identity["scheme"], identity["value"], identity["scope"]) == ("parrot", "ann", "perch")
    assert (route["connector_id"], route["conversation_id"]) == ("perch", conversation["id"])


def test_a_timeline_unites_conversations_in_the_order_of_the_feed(api: Api) -> None:
    api.hear("one", "two")
    first = api.conversation()
    change(api, first["id"], state="closed")
    api.hear("other bird", sender="bob")
    api.hear("three", "four", first=3)
    path = f"/v1/contacts/{first['contact_id']}/timeline"
    page = api.ask("GET", f"{path}?limit=3")
    assert [message["text"] for message in page["messages"]] == ["one", "two", "three"]
    rest = api.ask("GET", f"{path}?limit=3&cursor={page['next']}")
    assert ([message["text"] for message in rest["messages"]], rest["next"]) == (["four"], None)
    api.refuse("GET", f"{path}?cursor=x", 422, "invalid")
    api.refuse("GET", f"/v1/contacts/{NOBODY}/timeline", 404, "not_found")
    api.refuse("GET", f"/v1/contacts/{NOBODY}", 404, "not_found")


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    ("ask", "arguments"),
    [
        (queries.messages, ("c", 0, 10)),
        (queries.timeline, ("c", 0, 10)),
        (queries.identities, ("c",)),
        (queries.routes, ("c",)),
        (queries.deliveries, ("m",)),
        (queries.conversations, (queries.Filter(None, None, "c"), 9, 10)),
        (queries.conversations, (queries.Filter(None, None, None), 9, 10)),
        (queries.conversations, (queries.Filter("open", "main", "c"), 9, 10)),
        (queries.conversations, (queries.Filter("open", None, None), 9, 10)),
        (queries.conversations, (queries.Filter(None, "main", None), 9, 10)),
        (queries.conversations, (queries.Filter("open", "main", None), 9, 10)),
        (queries.quarantine, (None, None, "~", 10)),
    ],
)
def test_no_question_looks_at_a_whole_table(api: Api, ask: Any, arguments: tuple[object, ...]) -> None:
    plans: list[str] = []
    api.hear("hello")

    class Explained(queries.Rows):
        def all(self, sql: str, *parameters: object) -> list[Any]:
            plans.extend(row[3] for row in super().all(f"EXPLAIN QUERY PLAN {sql}", *parameters))
            return super().all(sql, *parameters)

    with queries.snapshot(api.hub.engine) as rows:
        ask(Explained(rows._cursor), *arguments)
    assert plans
    # what stands in the statement itself or in one row's JSON, or was found by the index before, is no table
    scans = {step for step in plans if step.startswith("SCAN") and not re.search(r"VIRTUAL TABLE|\(subquery", step)}
    assert scans <= {"SCAN i", "SCAN down", "SCAN CONSTANT ROW"}, plans


@pytest.mark.engine("sqlite")
def test_a_page_of_a_timeline_reads_no_more_than_it_needs(api: Api) -> None:
    api.hear(*(f"{n}" for n in range(60)))
    read: list[tuple[Any, ...]] = []
    plans: list[str] = []

    class Counted(queries.Rows):
        def all(self, sql: str, *parameters: object) -> list[Any]:
            plans.extend(row[3] for row in super().all(f"EXPLAIN QUERY PLAN {sql}", *parameters))
            read.extend(found := super().all(sql, *parameters))
            return found

    with queries.snapshot(api.hub.engine) as rows:
        page = queries.timeline(Counted(rows._cursor), api.conversation()["contact_id"], 0, 5)
    assert [json.loads(body)["text"] for _, body in page] == ["0", "1", "2", "3", "4"]
    assert sum(len(row) == 2 for row in read) <= 10, "bodies"
    assert not any(plan.startswith(("SCAN e", "SCAN m", "SCAN c")) for plan in plans), plans


def test_what_is_given_is_what_was_stored(api: Api) -> None:
    api.hear('naïve 🦜 \\ " text')
    event = api.events("message.received")[0]
    message = api.ask("GET", f"/v1/messages/{event['subject']}")["message"]
    assert message == event["data"]["message"]
    assert msgspec.json.encode(message["text"]).decode() == '"naïve 🦜 \\\\ \\" text"'
