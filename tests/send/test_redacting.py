"""A message of ours that is redacted: what waits never leaves, what left shows its words nowhere."""

from gateway.send.asks import Accepted, Rejected
from normalizer.commands import RedactMessage
from tests.send.conftest import Desk, run


def redact(desk: Desk, message_id: str) -> Accepted | Rejected:
    return desk.order(RedactMessage(message_id=message_id))


def test_what_waits_never_leaves_and_holds_up_nobody(desk: Desk) -> None:
    secret = desk.say("the code: 4711")
    desk.say("hello")
    assert isinstance(redact(desk, secret.message.id), Accepted)
    run(desk, cancelled=1, accepted=1)
    assert [outbound.payload.text for outbound in desk.plugin.sent] == ["hello"]
    assert [update["status"] for update in desk.updates()] == ["cancelled", "accepted"]


def test_what_left_shows_its_words_nowhere_and_stays_accepted(desk: Desk) -> None:
    secret = desk.say("the code: 4711")
    run(desk, accepted=1)
    assert desk.rows("SELECT count(*) FROM deliveries WHERE CAST(body AS TEXT) LIKE '%4711%'") == [(1,)]
    done = redact(desk, secret.message.id)
    assert isinstance(done, Accepted)
    assert (done.message.text, done.message.redacted_at is None) == ("", False)
    for table in ("deliveries", "events", "message_heads"):
        found = f"SELECT count(*) FROM {table} WHERE CAST(body AS TEXT) LIKE '%4711%'"  # noqa: S608 - names of ours
        assert desk.rows(found) == [(0,)]
    assert desk.deliveries() == [("accepted", 1)]


def test_while_it_is_leaving_it_is_refused(desk: Desk) -> None:
    secret = desk.say("the code: 4711")
    with desk.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE deliveries SET status = 'sending'")
    refused = redact(desk, secret.message.id)
    assert isinstance(refused, Rejected)
    assert (refused.status, refused.code) == (409, "conflict")
    assert desk.rows("SELECT count(*) FROM events WHERE type = 'message.redacted'") == [(0,)]
