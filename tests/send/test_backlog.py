"""The queue's statements stay quick however long the queue and the history are."""

import pytest

from gateway.record.people import SELECT_WAY
from gateway.send import claim
from gateway.store.engine import writing
from tests.send.conftest import Desk, run


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    "sql", [claim._DUE, claim._NEXT, claim._EXPIRED, claim._LEFT], ids=["due", "next", "expired", "left"]
)
def test_no_claim_looks_at_what_was_sent_long_ago(desk: Desk, sql: str) -> None:
    plan = [detail for *_, detail in desk.rows(f"EXPLAIN QUERY PLAN {sql}", *["1"] * sql.count("?"))]
    assert not [detail for detail in plan if detail.startswith("SCAN") or "TEMP B-TREE" in detail], plan
    assert all("USING" in detail and "INDEX" in detail for detail in plan if detail.startswith("SEARCH")), plan


def test_many_that_came_too_late_expire_in_steps_and_none_of_them_leaves(desk: Desk) -> None:
    for n in range(claim.MOST_EXPIRED + 5):
        desk.say(f"{n}")
    with writing(desk.engine) as connection:
        connection.exec_driver_sql("UPDATE deliveries SET expires_at = 1")
    run(desk, expired=claim.MOST_EXPIRED + 5)
    assert desk.plugin.sent == []


@pytest.mark.engine("sqlite")
def test_no_command_looks_at_all_routes(desk: Desk) -> None:
    plan = [detail for *_, detail in desk.rows(f"EXPLAIN QUERY PLAN {SELECT_WAY} WHERE r.conversation_id = ?", "1")]
    assert not [detail for detail in plan if detail.startswith("SCAN")], plan
