"""Settling what is uncertain, by an operator with a key."""

import asyncio
from typing import Any

import pytest

from connectors.kit.base import Outbound, Sent
from connectors.kit.errors import OutcomeUnknown
from gateway.keys import Scope
from tests.api.conftest import Api
from tests.web.parrot import bearer


async def lost(_: Outbound) -> Sent:
    raise OutcomeUnknown("no answer in time")


@pytest.fixture
def uncertain(api: Api) -> str:
    """A delivery nobody knows the end of."""
    api.hear("hello")
    api.parrot.send = lost
    conversation = api.conversation()["id"]
    api.ask("POST", "/v1/messages", status=202, json={"conversation_id": conversation, "text": "hi"})
    update = until(api, "uncertain")
    del api.parrot.send
    return update["id"]


def until(api: Api, status: str) -> dict[str, Any]:
    """The delivery, once it stands so."""

    async def look() -> dict[str, Any]:
        async with asyncio.timeout(10):
            while True:
                for event in api.events("delivery.updated"):
                    if event["data"]["delivery"]["status"] == status:
                        return event["data"]["delivery"]
                await asyncio.sleep(0.01)

    return asyncio.run(look())


def test_an_uncertain_delivery_is_settled_and_everybody_hears_by_whom(api: Api, uncertain: str) -> None:
    answer = api.ask("POST", f"/v1/deliveries/{uncertain}/settle", json={"outcome": "delivered"})
    assert (answer["delivery"]["id"], answer["delivery"]["status"]) == (uncertain, "delivered")
    assert "; settled as delivered by " in answer["delivery"]["why"]
    assert until(api, "delivered") == answer["delivery"]
    api.refuse("POST", f"/v1/deliveries/{uncertain}/settle", 409, "not_uncertain", json={"outcome": "failed"})


def test_a_retry_leaves_at_once(api: Api, uncertain: str) -> None:
    answer = api.ask("POST", f"/v1/deliveries/{uncertain}/settle", json={"outcome": "retry"})
    assert (answer["delivery"]["status"], answer["delivery"]["attempt"]) == ("queued", 2)
    assert until(api, "accepted")["id"] == uncertain
    [told] = api.parrot.told
    assert told.token == f"{uncertain}.1"


@pytest.mark.parametrize("body", [{}, {"outcome": "lost"}, {"outcome": "failed", "why": "x"}])
def test_anything_else_is_refused(api: Api, uncertain: str, body: dict[str, str]) -> None:
    api.refuse("POST", f"/v1/deliveries/{uncertain}/settle", 422, "invalid", json=body)


def test_a_delivery_nobody_knows_is_not_found(api: Api) -> None:
    path = "/v1/deliveries/00000000-0000-7000-8000-000000000000/settle"
    api.refuse("POST", path, 404, "not_found", json={"outcome": "failed"})


def test_it_takes_an_operators_key(api: Api, uncertain: str) -> None:
    key = bearer(api.hub, Scope.WRITE)
    path = f"/v1/deliveries/{uncertain}/settle"
    answer = api.client.post(path, json={"outcome": "failed"}, headers=key)
    assert answer.status_code == 403
