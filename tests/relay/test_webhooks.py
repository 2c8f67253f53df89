"""Webhooks over real sockets: every way a subscriber can fail, and what becomes of events meanwhile."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from connectors.kit.secret import Secret
from gateway.hub import Hub
from gateway.relay.catalogue import reading
from gateway.relay.changing import Made, Moved, Retried, Skipped, Stated
from gateway.relay.copies import Copy
from gateway.relay.subscription import State
from gateway.relay.targets import NotTaken, NotThere
from gateway.relay.webhook import WebhookTarget
from gateway.settings.loading import load
from gateway.settings.sealing import VARIABLE, Seal
from gateway.settings.subscribing import SubscriptionEntry
from tests.relay.hubs import (
    Said,
    conversations,
    eventually,
    hub_in,
    info,
    operate,
    reload,
    run,
    running,
    tell,
    webhook,
    write_settings,
)
from tests.relay.receiver import NEWER, SECRET, Post, Receiver, drip, says

SOON = [0.05, 0.05, 0.05]


def test_events_arrive_signed_once_and_in_order(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver() as crm, running(hub_in(tmp_path, crm=webhook(crm.url))) as hub:
            await tell(hub, *conversations(10, 5))
            posts = await crm.until_taken(50)
            assert sorted(post.position for post in posts) == list(range(1, 51))
            assert crm.lines() == {f"c{n}": [n + 1 + 10 * turn for turn in range(5)] for n in range(10)}
            await eventually(lambda: info(hub, "crm").position == "50")
            assert len(crm.posts) == 50
            [first] = [post for post in posts if post.position == 1]
            assert first.headers["webhook-id"] == first.event["id"]
            assert first.headers["content-type"] == "application/cloudevents+json"
            assert (first.event["previous"], "replayed" in first.event) == ("0", False)

    run(story)


def test_while_secrets_are_changed_both_sign(tmp_path: Path) -> None:
    async def story() -> None:
        entry = webhook("", secret=NEWER, previous_secret=SECRET)
        async with Receiver(SECRET, NEWER) as crm, running(hub_in(tmp_path, crm=entry | {"webhook": crm.url})) as hub:
            await tell(hub, Said("a"))
            [post] = await crm.until_taken(1)
            assert len(post.headers["webhook-signature"].split()) == 2

    run(story)


def test_the_trace_of_an_event_goes_along() -> None:
    async def story() -> None:
        parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        async with Receiver() as crm:
            target = WebhookTarget("crm", entry(crm), trusted=True)
            await target.send(copy(traceparent=parent))
            await target.close()
            assert crm.posts[0].headers["traceparent"] == parent

    run(story)


def test_only_what_is_wanted_is_sent_and_the_position_passes_the_rest(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver() as crm:
            wanted = {"types": ["message.*"], "channels": ["cage"], "connectors": ["perch"], "inboxes": ["main"]}
            connectors = {"perch": {"plugin": "telegram", "token": "1:a", "secret_token": "s"}}
            hub = hub_in(tmp_path, {"connectors": connectors}, crm=webhook(crm.url, **wanted))
            async with running(hub):
                await tell(
                    hub,
                    Said("a", type="conversation.opened"),
                    Said("a", channel="pond"),
                    Said("a", connector="attic"),
                    Said("a", inbox="side"),
                    Said("a", connector=None),
                    Said("a"),
                    Said("b", type="message.created"),
                    Said("b", type="reaction.added"),
                )
                await crm.until_taken(2)
                await eventually(lambda: info(hub, "crm").position == "8")
                assert sorted(post.position for post in crm.posts) == [6, 7]

    run(story)


@pytest.mark.parametrize("answer", [says(200, b"\xff\x00<garbage"), says(204), says(299, b"x" * 1_000_000)])
def test_any_2xx_is_success_whatever_it_says(tmp_path: Path, answer: Any) -> None:
    async def story() -> None:
        async with Receiver() as crm, running(hub_in(tmp_path, crm=webhook(crm.url))) as hub:
            crm.answers = answer
            await tell(hub, Said("a"), Said("a"))
            await crm.until_taken(2)
            await eventually(lambda: info(hub, "crm").position == "2")
            assert len(crm.posts) == 2

    run(story)


def test_a_yes_that_never_ends_is_a_yes(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver() as crm, running(hub_in(tmp_path, crm=webhook(crm.url, timeout=0.5))) as hub:
            crm.next(drip)
            await tell(hub, Said("a"), Said("a"))
            await eventually(lambda: info(hub, "crm").position == "2")
            assert [post.position for post in crm.posts] == [1, 2]

    run(story)


@pytest.mark.parametrize("status", [301, 400, 401, 404, 413, 429, 500, 502, 503, 599])
def test_anything_else_is_tried_again_until_it_is_taken(tmp_path: Path, status: int) -> None:
    async def story() -> None:
        async with Receiver() as crm, running(hub_in(tmp_path, crm=webhook(crm.url, retries=SOON))) as hub:
            crm.next(says(status), says(status))
            await tell(hub, Said("a"), Said("a"), Said("b"))
            await crm.until_taken(3)
            await eventually(lambda: info(hub, "crm").position == "3")
            assert crm.lines() == {"a": [1, 2], "b": [3]}

    run(story)


def test_a_redirect_leads_nowhere(tmp_path: Path) -> None:
    async def story() -> None:
        async with (
            Receiver() as elsewhere,
            Receiver() as crm,
            running(hub_in(tmp_path, crm=webhook(crm.url, retries=[]))) as hub,
        ):
            crm.answers = says(307, Location=elsewhere.url)
            await tell(hub, Said("a"))
            await eventually(lambda: info(hub, "crm").waiting.parked)
            problem = info(hub, "crm").problem
            assert problem == "answered 307: redirects are not followed; set the address it leads to"
            assert elsewhere.posts == []

    run(story)


def test_one_that_hangs_holds_up_its_conversation_only(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver() as crm, running(hub_in(tmp_path, crm=webhook(crm.url, timeout=0.3, retries=SOON))) as hub:
            hangs = asyncio.Event()

            async def answer(post: Post) -> web.StreamResponse:
                if post.partition == "slow" and not hangs.is_set():
                    await hangs.wait()
                return web.Response()

            crm.answers = answer
            await tell(hub, Said("slow"), Said("slow"), *conversations(40, 5))
            await crm.until(lambda: len(crm.first()) >= 200)
            assert "slow" not in crm.lines()
            hangs.set()
            await crm.until_taken(202)
            assert crm.lines()["slow"] == [1, 2]

    run(story)


def test_what_breaks_off_may_have_arrived_and_is_sent_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver() as crm, running(hub_in(tmp_path, crm=webhook(crm.url, retries=SOON))) as hub:

            async def breaks(post: Post) -> web.StreamResponse:
                crm.taken.append(post)
                raise ConnectionResetError

            crm.next(breaks)
            await tell(hub, Said("a"), Said("a"))
            await crm.until(lambda: len(crm.taken) >= 3)
            assert [post.position for post in crm.taken] == [1, 1, 2]
            assert [post.position for post in crm.first()] == [1, 2]

    run(story)


def test_nobody_at_home_blames_no_event_and_all_follows_later(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver() as crm, running(hub_in(tmp_path, crm=webhook(crm.url))) as hub:
            await crm.vanish()
            await tell(hub, *conversations(5, 4))
            await eventually(lambda: info(hub, "crm").problem)
            found = info(hub, "crm")
            assert (found.state, found.position, found.lag.events, found.waiting.events) == ("active", "0", 20, 0)
            assert found.failing_since
            await crm.listen()
            await crm.until_taken(20)
            assert crm.lines() == {f"c{n}": [n + 1 + 5 * turn for turn in range(4)] for n in range(5)}
            await eventually(lambda: info(hub, "crm").position == "20")
            assert info(hub, "crm").problem is None

    run(story)


def test_a_conversation_that_keeps_failing_is_parked_resumed_and_skipped(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver() as crm, running(hub_in(tmp_path, crm=webhook(crm.url, retries=[0.02, 0.02]))) as hub:
            poison = {1, 4}

            async def answer(post: Post) -> web.StreamResponse:
                return web.Response(status=500 if post.position in poison else 200)

            crm.answers = answer
            await tell(hub, Said("a"), Said("b"), Said("a"), Said("a"), Said("b"), Said("a"))
            await eventually(lambda: info(hub, "crm").waiting.parked)
            await crm.until_taken(2)
            assert crm.lines() == {"b": [2, 5]}
            found = info(hub, "crm")
            assert (found.position, found.waiting.events, found.state) == ("0", 4, "active")
            assert [post.position for post in crm.posts].count(1) == 3

            poison.discard(1)
            assert await operate(hub, Retried("crm", None)) == 1
            await crm.until_taken(4)
            assert crm.lines()["a"] == [1, 3]
            await eventually(lambda: info(hub, "crm").waiting.parked)
            assert (info(hub, "crm").position, info(hub, "crm").waiting.events) == ("3", 2)

            await operate(hub, Skipped("crm", "a", 4))
            await crm.until_taken(5)
            assert crm.lines() == {"a": [1, 3, 6], "b": [2, 5]}
            await eventually(lambda: info(hub, "crm").position == "6")
            assert info(hub, "crm").waiting.events == 0

    run(story)


def test_what_is_parked_stays_so_over_a_restart_and_nothing_is_sent_twice(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver() as crm:
            crm.answers = lambda post: says(500 if post.partition == "a" else 200)(post)
            async with running(hub_in(tmp_path, crm=webhook(crm.url, retries=[]))) as hub:
                await tell(hub, Said("a"), Said("b"), Said("a"))
                await eventually(lambda: info(hub, "crm").waiting.events == 2)
                await crm.until_taken(1)
            async with running(hub_in(tmp_path, crm=webhook(crm.url, retries=[]))) as hub:
                await tell(hub, Said("a"), Said("c"))
                await crm.until_taken(2)
                await eventually(lambda: info(hub, "crm").waiting.events == 3)
                crm.answers = says(200)
                await operate(hub, Retried("crm", "a"))
                await crm.until_taken(5)
                assert crm.lines() == {"a": [1, 3, 4], "b": [2], "c": [5]}
                assert len(crm.taken) == 5

    run(story)


def test_a_target_that_takes_nothing_for_long_is_parked_visible_and_resumed_with_nothing_lost(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver() as crm, Receiver() as other:
            crm.answers = says(500)
            subscriptions = {"crm": webhook(crm.url, park_after=0.2, retries=[0.05] * 100), "other": webhook(other.url)}
            async with running(hub_in(tmp_path, **subscriptions)) as hub:
                await tell(hub, *conversations(20, 3))
                await eventually(lambda: info(hub, "crm").state == "parked")
                found = info(hub, "crm")
                assert found.reason == "it took nothing for 0.2 s: answered 500"
                assert (found.position, found.lag.events) == ("0", 60)
                await other.until_taken(60)
                crm.answers = says(200)
                await operate(hub, Stated("crm", State.ACTIVE))
                await crm.until_taken(60)
                assert crm.lines() == other.lines()
                await eventually(lambda: info(hub, "crm").position == "60")

    run(story)


def test_410_ends_a_subscription_until_an_operator_says_otherwise(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver() as crm, running(hub_in(tmp_path, crm=webhook(crm.url))) as hub:
            crm.next(says(410))
            await tell(hub, Said("a"))
            await eventually(lambda: info(hub, "crm").state == "disabled")
            await tell(hub, Said("a"))
            assert info(hub, "crm").reason == "answered 410: it wants no more"
            await operate(hub, Stated("crm", State.ACTIVE))
            await crm.until_taken(2)
            assert [post.position for post in crm.posts] == [1, 1, 2]

    run(story)


def test_retry_after_stops_everything_for_so_long(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver() as crm, running(hub_in(tmp_path, crm=webhook(crm.url, at_once=1))) as hub:
            times: list[float] = []

            async def answer(_: Post) -> web.StreamResponse:
                times.append(asyncio.get_running_loop().time())
                early = len(times) == 1
                return web.Response(status=429 if early else 200, headers={"retry-after": "1"} if early else {})

            crm.answers = answer
            await tell(hub, Said("a"), Said("b"))
            await crm.until_taken(2)
            assert times[1] - times[0] >= 0.99
            assert info(hub, "crm").waiting.events == 0

    run(story)


def test_a_slow_subscriber_holds_up_nobody_else(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver() as slow, Receiver() as quick:
            never = asyncio.Event()

            async def answer(_: Post) -> web.StreamResponse:
                await never.wait()
                return web.Response()

            slow.answers = answer
            async with running(hub_in(tmp_path, slow=webhook(slow.url), quick=webhook(quick.url))) as hub:
                await tell(hub, *conversations(100, 10))
                await quick.until_taken(1000)
                assert slow.taken == []
                assert slow.most_under_way == 32
                assert info(hub, "slow").lag.events == 1000
                never.set()
                await slow.until_taken(1000)

    run(story)


def test_urgent_events_overtake_a_backlog_with_what_stands_before_them_in_their_conversation(tmp_path: Path) -> None:
    """The window is full of others; the urgent one lies far beyond it."""

    async def story() -> None:
        async with Receiver() as crm, running(hub_in(tmp_path, crm=webhook(crm.url))) as hub:
            go = asyncio.Event()

            async def answer(post: Post) -> web.StreamResponse:
                if post.partition != "alarm":
                    await go.wait()
                return web.Response()

            crm.answers = answer
            await tell(hub, *conversations(300, 3))
            await tell(hub, Said("alarm"), Said("alarm", priority="high"))
            await crm.until_taken(2)
            assert crm.lines() == {"alarm": [901, 902]}
            go.set()
            await crm.until_taken(902)
            await eventually(lambda: info(hub, "crm").position == "902")
            assert crm.lines()["alarm"] == [901, 902]
            assert crm.lines()["c0"] == [1, 301, 601]
            assert len(crm.posts) == 902

    run(story)


def test_pausing_stops_and_resuming_goes_on_where_it_was(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver() as crm, running(hub_in(tmp_path, crm=webhook(crm.url))) as hub:
            await tell(hub, Said("a"))
            await crm.until_taken(1)
            await operate(hub, Stated("crm", State.PAUSED))
            await eventually(lambda: hub.relays.standing("crm") is None)
            await tell(hub, Said("a"), Said("b"))
            assert len(crm.posts) == 1
            assert (info(hub, "crm").state, info(hub, "crm").lag.events) == ("paused", 2)
            await operate(hub, Stated("crm", State.ACTIVE))
            await crm.until_taken(3)
            assert crm.lines() == {"a": [1, 2], "b": [3]}
            assert len(crm.posts) == 3

    run(story)


def test_a_subscription_that_is_moved_goes_on_there(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver() as crm, running(hub_in(tmp_path, crm=webhook(crm.url))) as hub:
            await tell(hub, Said("a"), Said("a"), Said("a"))
            await crm.until_taken(3)
            await eventually(lambda: info(hub, "crm").position == "3")
            await operate(hub, Moved("crm", 1))
            await crm.until(lambda: len(crm.taken) == 5)
            assert [post.position for post in crm.taken] == [1, 2, 3, 2, 3]

    run(story)


def test_a_new_configuration_applies_and_nobody_loses_the_place(tmp_path: Path) -> None:
    async def story() -> None:
        async with (
            Receiver() as old,
            Receiver() as new,
            Receiver() as other,
            running(hub_in(tmp_path, crm=webhook(old.url), other=webhook(other.url))) as hub,
        ):
            await tell(hub, Said("a"))
            await old.until_taken(1)
            await other.until_taken(1)
            await reload(hub, tmp_path, crm=webhook(new.url))
            await tell(hub, Said("a"))
            await new.until_taken(1)
            assert [post.position for post in new.posts] == [2]
            await reload(hub, tmp_path, crm=webhook(new.url), other=webhook(other.url))
            await other.until_taken(2)
            assert [post.position for post in other.posts] == [1, 2]

    run(story)


def test_the_file_takes_over_what_was_made_beside_it_and_its_place(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver() as made, Receiver() as filed, running(hub_in(tmp_path)) as hub:
            await operate(hub, Made("crm", entry(made), trusted=True, seal=Seal()))
            await tell(hub, Said("a"))
            await made.until_taken(1)
            await reload(hub, tmp_path, crm=webhook(filed.url))
            await tell(hub, Said("a"))
            await filed.until_taken(1)
            assert [post.position for post in filed.posts] == [2]
            assert (info(hub, "crm").origin, info(hub, "crm").webhook) == ("file", filed.url)

    run(story)


def test_secrets_that_lay_open_are_closed_when_a_hub_with_a_key_starts_and_sign_as_before(tmp_path: Path) -> None:
    def with_key(*keys: str) -> Hub:
        return Hub(load(write_settings(tmp_path, {}), {VARIABLE: ",".join(keys)}))

    def kept(hub: Hub) -> bytes:
        with reading(hub.engine) as found:
            row = found.one("crm")
        assert row is not None
        assert row.secrets is not None
        return row.secrets

    async def story() -> None:
        old, new = (base64.b64encode(letter * 32).decode() for letter in (b"o", b"n"))
        async with Receiver() as receiver:
            seen = []
            for keys in ((), (old,), (new, old), (new,)):
                async with running(with_key(*keys)) as hub:
                    if not keys:
                        await operate(hub, Made("crm", entry(receiver), trusted=True, seal=hub.settings.seal))
                    await tell(hub, Said("a"))
                    await receiver.until_taken(len(seen) + 1)  # which checks the signature
                    seen.append(kept(hub))
            open_, by_old, by_new, still = seen
            assert json.loads(open_) == {"secret": SECRET}
            assert SECRET.encode() not in by_old + by_new
            assert open_ != by_old != by_new == still

    run(story)


def test_a_new_subscription_begins_with_what_is_to_come_or_with_the_oldest(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver() as fresh, Receiver() as whole, running(hub_in(tmp_path)) as hub:
            await tell(hub, Said("a"), Said("a"))
            late = {"fresh": webhook(fresh.url), "whole": webhook(whole.url, start="oldest")}
            await reload(hub, tmp_path, **late)
            await tell(hub, Said("a"))
            await whole.until_taken(3)
            await fresh.until_taken(1)
            assert [post.position for post in fresh.posts] == [3]

    run(story)


def test_an_idle_subscriber_is_told_how_far_the_feed_is(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver() as crm:
            entry = webhook(crm.url, types=["message.*"], cursor_every=0.2)
            async with running(hub_in(tmp_path, crm=entry)) as hub:
                await tell(hub, Said("a"), Said("a", type="conversation.opened"))
                await crm.until(lambda: len(crm.posts) >= 3)
                first, *cursors = crm.posts
                assert first.position == 1
                assert {post.event["type"] for post in cursors} == {"onethread.bus.cursor.v1"}
                assert cursors[-1].event["data"] == {"position": "2", "previous": "1"}
                assert "position" not in cursors[-1].event
                assert cursors[-1].event["source"] == "/subscriptions/crm"
                assert info(hub, "crm").position == "2"

    run(story)


def entry(receiver: Receiver, **more: Any) -> SubscriptionEntry:
    return SubscriptionEntry(webhook=receiver.url, secret=Secret(SECRET), **more)


def copy(traceparent: str | None = None) -> Copy:
    body = b'{"id":"1","position":"1","partitionkey":"a"}'
    return Copy("1", "message.received", None, None, traceparent, body, {})


def test_an_address_no_operator_configured_does_not_reach_the_private_network() -> None:
    async def story() -> None:
        async with Receiver() as crm:
            target = WebhookTarget("crm", entry(crm), trusted=False)
            with pytest.raises(NotThere, match=r"127\.0\.0\.1 is not a public address"):
                await target.send(copy())
            named = SubscriptionEntry(webhook=crm.url.replace("127.0.0.1", "localhost"), secret=Secret(SECRET))
            by_name = WebhookTarget("crm", named, trusted=False)
            with pytest.raises(NotThere, match="localhost is not a public address"):
                await by_name.send(copy())
            await target.close()
            await by_name.close()
            assert crm.posts == []

    run(story)


def test_neither_secret_nor_answer_stands_in_what_people_read() -> None:
    async def story() -> None:
        async with Receiver() as crm:
            crm.answers = says(500, SECRET.encode())
            target = WebhookTarget("crm", entry(crm), trusted=True)
            with pytest.raises(NotTaken) as refused:
                await target.send(copy())
            await target.close()
            assert str(refused.value) == "answered 500"
            assert SECRET not in repr(vars(target)) + repr(entry(crm))

    run(story)
