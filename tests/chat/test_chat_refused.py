"""What is not taken, and what its client is told so that it knows what to do."""

from pathlib import Path

from gateway.store.engine import writing
from tests.chat.talk import answer, chatting, live, send, token
from tests.web.parrot import Served

FAULT = (
    "CREATE TRIGGER fault BEFORE INSERT ON message_heads WHEN NEW.id IS NOT NULL"
    " BEGIN SELECT RAISE(ABORT, 'a fault of ours'); END"
)


def run(served: Served, sql: str) -> None:
    with writing(served.hub.engine) as connection:
        connection.exec_driver_sql(sql)


def test_who_writes_what_the_store_refuses_hears_that_it_will_not_get_better_and_the_operator_has_it(
    served: Served,
) -> None:
    with live(served, token()) as device:
        device.write("before", "m-1")
        run(served, FAULT)
        device.say("message", client_id="m-2", text="kept for the operator")
        error = device.until("error")
        assert error == {
            "type": "error",
            "code": "quarantined",
            "detail": "it could not be recorded, and is kept for the operator",
            "of": "message",
            "client_id": "m-2",
        }
        refused = send(served, token(), type="message", client_id="m-3", text="kept too")
        assert (refused.status_code, refused.json()["code"]) == (422, "quarantined")
        run(served, "DROP TRIGGER fault")
        kept = served.ask("GET", "/v1/quarantine").json()["quarantine"]
        assert [item["connector"] for item in kept] == ["app", "app"]
        for item in reversed(kept):
            replayed = served.ask("POST", f"/v1/quarantine/{item['id']}/replay")
            assert (replayed.json()["state"], replayed.json()["recorded"]) == ("replayed", 1)
        device.until_texts("before", "kept for the operator", "kept too")
        shown = [(one["client_id"], one["from"]) for one in device.messages.values()]
        assert shown == [("m-1", "me"), ("m-2", "me"), ("m-3", "me")]
        assert device.write("kept for the operator", "m-2")["id"] == list(device.messages)[1]


def test_receipts_do_not_use_up_the_messages_one_may_write(tmp_path: Path) -> None:
    with chatting(tmp_path, messages_per_minute=6, receipts_per_minute=30) as served, live(served, token()) as device:
        conversation = device.write("first", "m-0")["conversation"]
        reply = answer(served, conversation, "answer")
        device.until("message")
        for _ in range(8):
            device.say("read", ref=reply["id"])
            device.until("ack", of="read")
        device.write("second", "m-1")


def test_receipts_are_bounded_too(tmp_path: Path) -> None:
    with chatting(tmp_path, receipts_per_minute=9) as served, live(served, token()) as device:
        conversation = device.write("first", "m-0")["conversation"]
        reply = answer(served, conversation, "answer")
        device.until("message")
        for _ in range(3):
            device.say("received", refs=[reply["id"]])
            device.until("ack", of="received")
        device.say("read", ref=reply["id"])
        error = device.until("error")
        assert (error["code"], error["of"]) == ("rate_limited", "read")
        assert 1 <= error["retry_after"] <= 7
        device.write("second", "m-1")
