"""`message.redact`: what was said is gone wherever the hub keeps or shows it."""

import threading
from typing import Any

from tests.api.conftest import Api

SECRET = "my card is 4111111111111111"
TABLES = ("events", "message_heads", "raws", "deliveries", "exchanges")


def redact(api: Api, message_id: str, status: int = 202) -> Any:
    return api.ask("POST", "/v1/commands", status=status, json={"type": "message.redact", "message_id": message_id})


def kept(api: Api, words: str = "4111") -> list[str]:
    """The tables in which the words stand yet."""
    with api.hub.engine.connect() as connection:
        counts = {
            table: connection.exec_driver_sql(
                f"SELECT count(*) FROM {table} WHERE CAST(body AS TEXT) LIKE ?",  # noqa: S608 - names of ours
                (f"%{words}%",),
            ).scalar()
            for table in TABLES
        }
    return [table for table, count in counts.items() if count]


def newest(api: Api) -> dict[str, Any]:
    conversation = api.conversation()["id"]
    return api.ask("GET", f"/v1/conversations/{conversation}/messages?limit=1000")["messages"][-1]


def test_what_a_customer_said_is_gone_everywhere_and_its_place_stands(api: Api) -> None:
    api.hear("hello", SECRET)
    message = newest(api)
    assert message["text"] == SECRET
    assert kept(api) == ["events", "raws"]
    before = [event["position"] for event in api.events()]
    redact(api, message["id"])
    assert kept(api) == []
    tombstone = newest(api)
    assert (tombstone["id"], tombstone["sequence"], tombstone["text"]) == (message["id"], message["sequence"], "")
    assert tombstone["redacted_at"] is not None
    *told, last = api.events()
    assert [event["position"] for event in told] == before
    assert [event["data"]["message"]["text"] for event in told if "received" in event["type"]] == ["hello", ""]
    assert (last["type"], last["data"]) == (
        "onethread.message.redacted.v1",
        {"message_id": message["id"], "redacted_at": tombstone["redacted_at"]},
    )


def test_who_follows_the_feed_reads_it_no_more(api: Api) -> None:
    api.hub.feed.follow()
    api.hear(SECRET)
    assert "4111" in str(api.hub.feed.read(0, 100))
    busy = threading.Event()
    api.hub.loop.call_soon_threadsafe(busy.wait)
    redact(api, newest(api)["id"])
    api.hear("later", first=2)
    told = api.hub.feed.read(0, 100)
    busy.set()
    assert "4111" not in str(told)


def test_once_is_enough(api: Api) -> None:
    api.hear(SECRET)
    message = newest(api)
    for _ in range(2):
        redact(api, message["id"])
    assert len(api.events("message.redacted")) == 1


def test_a_message_nobody_knows_is_not_found(api: Api) -> None:
    redact(api, "00000000-0000-7000-8000-000000000000", status=404)
