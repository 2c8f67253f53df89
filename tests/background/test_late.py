"""Providers that cannot wait for a slow store hear that it is late, and what they sent is recorded all the same."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from connectors.kit.base import Outcome
from connectors.kit.request import Request, Response
from gateway.hub import Hub
from gateway.receive import receive, receive_blocking
from tests.background.heronry import (
    ConfirmingHeron,
    Heron,
    Note,
    deliver,
    eventually,
    live,
    request,
    running,
    settings_in,
    texts,
)


class HurriedHeron(ConfirmingHeron):
    """Must answer within a tenth of a second."""

    info = replace(Heron.info, answers_within=0.1)

    def respond(self, request: Request, outcome: Outcome) -> Response:  # noqa: ARG002 - part of the contract
        return Response(200, str(outcome).encode())


def held_up(hub: Hub) -> threading.Event:
    """The writer stands still until the event is set."""
    gate = threading.Event()

    def apply(_: Any, items: Sequence[None]) -> Sequence[None]:
        gate.wait(20)
        return items

    hub.writer.write(apply, None)
    return gate


def test_who_cannot_wait_hears_that_it_is_late_and_nothing_is_lost(tmp_path: Path) -> None:
    async def test() -> None:
        pond = live(HurriedHeron)
        async with running(settings_in(tmp_path), pond) as hub:
            gate = held_up(hub)
            try:
                answer = await receive(hub, pond, request(Note(id="1", text="quick")))
                blocking = await asyncio.to_thread(receive_blocking, hub, pond, request(Note(id="2", text="me too")))
                assert (answer.body, blocking.body) == (b"late", b"late")
            finally:
                gate.set()
            await eventually(lambda: texts(hub) == ["quick", "me too"])
            await eventually(lambda: len(pond.plugin.confirmed) == 2)
            again = await receive(hub, pond, request(Note(id="1", text="quick")))
            assert again.body == b"duplicate"

    asyncio.run(test())


def test_who_can_wait_hears_nothing_before_the_commit(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(settings_in(tmp_path), live(Heron)) as hub:
            gate = held_up(hub)
            waiting = asyncio.create_task(deliver(hub, Note(id="1", text="patient")))
            done, _ = await asyncio.wait([waiting], timeout=0.3)
            gate.set()
            assert not done
            assert await waiting == 200
            assert texts(hub) == ["patient"]

    asyncio.run(test())
