"""A range sent again to one subscriber, beside what is new."""

from pathlib import Path
from typing import Any

from gateway.relay import looking
from gateway.relay.changing import Cancelled, Replay, Stated
from gateway.relay.looking import ReplayInfo
from gateway.relay.subscription import State
from tests.relay.hubs import Said, conversations, eventually, hub_in, info, operate, run, running, tell, webhook
from tests.relay.receiver import Post, Receiver, says


async def ask(hub: Any, after: int, until: int, *types: str) -> str:
    return str(await operate(hub, Replay("crm", after, until, types)))


def replay(hub: Any, id_: str) -> ReplayInfo:
    found = looking.replay(hub.engine, "crm", id_)
    assert found
    return found


def replayed(receiver: Receiver) -> list[Post]:
    return [post for post in receiver.taken if "replayed" in post.event]


def test_copies_say_that_they_are_replayed_and_the_position_stays(tmp_path: Path) -> None:
    async def story() -> None:
        async with (
            Receiver() as crm,
            Receiver() as other,
            running(hub_in(tmp_path, crm=webhook(crm.url), other=webhook(other.url))) as hub,
        ):
            await tell(hub, *conversations(7, 30))
            await crm.until_taken(210)
            await other.until_taken(210)
            id_ = await ask(hub, 10, 200)
            await tell(hub, Said("new"))
            await crm.until(lambda: len(replayed(crm)) == 190)
            again = replayed(crm)
            assert {post.event["replayed"] for post in again} == {True}
            lines: dict[str, list[int]] = {}
            for post in again:
                lines.setdefault(post.partition, []).append(post.position)
            assert lines == {f"c{n}": [p for p in range(n + 1, 211, 7) if 10 < p <= 200] for n in range(7)}
            chain = sorted((post.position, int(post.event["previous"])) for post in again)
            assert chain == [(position, position - 1) for position in range(11, 201)]
            first = {post.position: post.event["id"] for post in crm.taken if "replayed" not in post.event}
            assert {post.position: post.event["id"] for post in again} == {n: first[n] for n in range(11, 201)}
            await eventually(lambda: replay(hub, id_).state == "done")
            assert (replay(hub, id_).position, replay(hub, id_).sent) == ("200", 190)
            await eventually(lambda: info(hub, "crm").position == "211")
            assert replayed(other) == []

    run(story)


def test_only_the_wanted_of_the_subscriptions_own_types_are_replayed(tmp_path: Path) -> None:
    async def story() -> None:
        wanted = ["message.*", "reaction.added"]
        async with Receiver() as crm, running(hub_in(tmp_path, crm=webhook("http://x", types=wanted))) as hub:
            await operate(hub, Stated("crm", State.PAUSED))
            types = ["message.received", "reaction.added", "conversation.opened", "message.received"]
            await tell(hub, *[Said("a", type=type_) for type_ in types])
            id_ = await ask(hub, 0, 4, "message.received", "conversation.*")
            assert replay(hub, id_).state == "running"
        async with Receiver() as crm, running(hub_in(tmp_path, crm=webhook(crm.url, types=wanted))) as hub:
            await operate(hub, Stated("crm", State.ACTIVE))
            await crm.until(lambda: len(replayed(crm)) == 2)
            assert [post.position for post in replayed(crm)] == [1, 4]
            await eventually(lambda: replay(hub, id_).state == "done")

    run(story)


def test_a_replay_goes_on_after_a_restart(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver() as crm:
            async with running(hub_in(tmp_path, crm=webhook(crm.url))) as hub:
                await tell(hub, *conversations(10, 40))
                await crm.until_taken(400)
                id_ = await ask(hub, 0, 400)
                await crm.until(lambda: len(replayed(crm)) > 100)
            async with running(hub_in(tmp_path, crm=webhook(crm.url))) as hub:
                await eventually(lambda: replay(hub, id_).state == "done")
                assert {post.position for post in replayed(crm)} == set(range(1, 401))
                assert len(replayed(crm)) <= 400 + 64

    run(story)


def test_a_replay_that_is_not_taken_fails_visibly_and_alone(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver() as crm, running(hub_in(tmp_path, crm=webhook(crm.url))) as hub:
            await tell(hub, *conversations(3, 3))
            await crm.until_taken(9)
            crm.answers = lambda post: says(410 if "replayed" in post.event else 200)(post)
            id_ = await ask(hub, 0, 9)
            await eventually(lambda: replay(hub, id_).state == "failed")
            assert "answered 410" in str(replay(hub, id_).error)
            await tell(hub, Said("new"))
            await crm.until_taken(10)
            assert info(hub, "crm").state == "active"

    run(story)


def test_a_replay_can_be_stopped(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver() as crm, running(hub_in(tmp_path, crm=webhook(crm.url))) as hub:
            await tell(hub, *conversations(1, 500))
            await crm.until_taken(500)
            id_ = await ask(hub, 0, 500)
            await crm.until(lambda: len(replayed(crm)) > 10)
            await operate(hub, Cancelled("crm", id_))
            assert replay(hub, id_).state == "cancelled"
            await eventually(lambda: not hub.relays._replays or next(iter(hub.relays._replays.values())).done())
            assert len(replayed(crm)) < 500

    run(story)
