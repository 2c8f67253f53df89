"""Commands off the bus, from the queue to the provider and back to the feed: the same on memory and RabbitMQ."""

import asyncio
import json
import sqlite3
from contextlib import asynccontextmanager, closing, suppress
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from connectors.kit.request import Request
from gateway.bus.commands import Commanding
from gateway.bus.contract import open_bus
from gateway.bus.names import commands_of
from gateway.keys import Scope
from gateway.receive import receive
from gateway.store.writer import Overloaded
from tests.bus.conftest import BUSES, RABBIT, proxy, running, send, through, until
from tests.web.parrot import PUBLIC, make_hub, parrot, signed, words

WRITE = frozenset({Scope.WRITE})


class Desk:
    """A hub with one customer, who said hello, and the subscription `crm` that may command it."""

    def __init__(self, hub, bus, name, commanding):
        self.hub = hub
        self.commanding = commanding
        self.bus = bus
        self.name = name
        self.queue = commands_of(name)

    async def ask(self, type_, data, id_="c-1", **more):
        """Puts a command on the queue."""
        event = {
            "specversion": "1.0",
            "id": id_,
            "source": "/crm",
            "type": f"onethread.{type_}.v1",
            "data": data,
            **more,
        }
        await send(self.bus, self.queue, json.dumps(event).encode(), id_)

    def events(self, types=("command.*",)):
        return [json.loads(event) for _, event in self.hub.feed.read(-1, 1000, types)]

    async def answers(self, count=1):
        """What was answered, once there are so many."""
        await until(lambda: len(self.events()) >= count)
        return [(event["type"].split(".")[2], event["data"]) for event in self.events()]

    async def problem(self):
        """The one answer, a rejection: its status and code."""
        [(kind, data)] = await self.answers()
        assert kind == "rejected"
        problem = data["problem"]
        assert problem["type"] == f"urn:onethread:problem:{problem['code']}"
        assert problem["title"]
        return problem["status"], problem["code"], problem["detail"]

    @property
    def conversation_id(self):
        [event] = self.events(("message.received",))
        return event["data"]["message"]["conversation_id"]

    def told(self):
        return [outbound.payload.text for outbound in parrot(self.hub).told]


@asynccontextmanager
async def desk(folder, url, scopes=WRITE, limits="{}"):
    hub = make_hub(folder, limits=limits)
    name = f"crm-{uuid4().hex}"
    async with running(open_bus(url), commands_of(name), inlet=True) as bus:
        await hub.start()
        commanding = Commanding(hub, bus)
        commanding.start()
        await commanding.renew({name: scopes})
        try:
            await hear(hub, "hello")
            yield Desk(hub, bus, name, commanding)
        finally:
            await commanding.stop()
            await hub.stop()


async def hear(hub, text):
    """A customer writes."""
    body = words(text)
    request = Request("POST", f"{PUBLIC}/in/perch", signed(body), body, datetime.now(UTC))
    answer = await receive(hub, hub.connectors["perch"], request)
    assert answer.status == 200


@BUSES
def test_a_message_sent_by_command_leaves_and_is_answered(tmp_path, url):
    async def work():
        async with desk(tmp_path, url) as crm:
            await crm.ask("message.send", {"conversation_id": crm.conversation_id, "text": "On its way."})
            [(kind, answer)] = await crm.answers()
            await until(lambda: crm.told() == ["On its way."] and len(crm.events(("delivery.updated",))) == 1)
            [event] = crm.events()
            [created] = crm.events(("message.created",))
            [update] = crm.events(("delivery.updated",))
            return crm.name, kind, answer, event, created, update

    name, kind, answer, event, created, update = asyncio.run(work())
    assert kind == "accepted"
    assert answer == {
        "command_id": "c-1",
        "type": "onethread.message.send.v1",
        "subscription": name,
        "message_id": created["data"]["message"]["id"],
        "delivery_id": update["data"]["delivery"]["id"],
        "contact_id": None,
        "repeated": False,
    }
    assert created["data"]["message"]["author"]["name"] == name
    assert (event["source"], event["subject"], event["partitionkey"]) == (f"/subscriptions/{name}", "c-1", "c-1")
    assert int(event["position"]) == int(created["position"]) + 1


@BUSES
def test_people_are_arranged_by_commands(tmp_path, url):
    async def work():
        async with desk(tmp_path, url) as crm:
            [created] = crm.events(("contact.created",))
            ann = created["subject"]
            await crm.ask("contact.update", {"contact_id": ann, "change": {"tags": ["gold"]}}, "c-1")
            await crm.answers(1)
            await crm.ask("verification.request", {"contact_id": ann, "address": "bob", "connector": "perch"}, "c-2")
            await crm.answers(2)
            [requested] = crm.events(("verification.requested",))
            await until(lambda: any("code" in text for text in crm.told()))
            bob = crm.events(("contact.created",))[-1]["subject"]
            await crm.ask("contact.merge", {"contact_id": bob, "other_id": ann}, "c-3")
            await crm.ask("contact.unmerge", {"contact_id": "nobody"}, "c-4")
            answers = await crm.answers(4)
            return ann, requested["data"]["link"], crm.events(("contact.merged",)), answers

    ann, link, [merged], answers = asyncio.run(work())
    assert [kind for kind, _ in answers] == ["accepted", "accepted", "accepted", "rejected"]
    told = [(data["contact_id"], data["message_id"], data["delivery_id"]) for _, data in answers[:3]]
    assert told == [(ann, None, None), (ann, link["message_id"], None), (ann, None, None)]
    assert merged["data"]["contact"] == {"id": ann, "name": "Ann", "tags": ["gold"]}
    assert (answers[3][1]["problem"]["status"], answers[3][1]["problem"]["code"]) == (404, "not_found")


@BUSES
def test_a_repeated_command_sends_once_and_gets_the_same_answer(tmp_path, url):
    async def work():
        async with desk(tmp_path, url) as crm:
            data = {"conversation_id": crm.conversation_id, "text": "Once."}
            await crm.ask("message.send", data, time="2026-11-21T10:00:00Z")
            await crm.answers()
            await crm.ask("message.send", dict(reversed(data.items())), time="2026-11-21T10:00:05Z")
            answers = await crm.answers(2)
            await until(lambda: crm.told() == ["Once."])
            return answers, len(crm.events(("message.created",)))

    [(_, first), (_, second)], messages = asyncio.run(work())
    assert messages == 1
    assert second == {**first, "repeated": True}


@BUSES
def test_an_id_used_for_something_else_is_rejected(tmp_path, url):
    async def work():
        async with desk(tmp_path, url) as crm:
            for text in ("one", "two", "one"):
                await crm.ask("message.send", {"conversation_id": crm.conversation_id, "text": text})
            return [
                (kind, data["repeated"], data.get("problem", {}).get("code")) for kind, data in await crm.answers(3)
            ]

    assert asyncio.run(work()) == [
        ("accepted", False, None),
        ("rejected", False, "idempotency_mismatch"),
        ("accepted", True, None),
    ]


HOUR_AGO = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
GOOD = {"specversion": "1.0", "id": "c-1", "source": "/crm", "type": "onethread.message.send.v1"}
TO_NOBODY = {"text": "hello"}


@BUSES
@pytest.mark.parametrize(
    ("event", "status", "code"),
    [
        (b"{", 400, "malformed"),
        (b"", 400, "malformed"),
        (b"\xff\xfe", 400, "malformed"),
        (json.dumps({**GOOD, "data": 7})[:-2].encode() + b"[" * 100_000, 400, "malformed"),
        ([], 422, "invalid"),
        ("hello", 422, "invalid"),
        ({**GOOD, "id": 7}, 422, "invalid"),
        ({**GOOD, "id": "two words"}, 422, "invalid"),
        ({**GOOD, "id": "x" * 256}, 422, "invalid"),
        ({**GOOD, "specversion": "0.3", "data": TO_NOBODY}, 422, "invalid"),
        (GOOD, 422, "invalid"),
        ({**GOOD, "data": {"text": 7}}, 422, "invalid"),
        ({**GOOD, "data": {"txt": "hello"}}, 422, "invalid"),
        ({**GOOD, "data": {**TO_NOBODY, "client_ref": ""}}, 422, "invalid"),
        ({**GOOD, "data": {"conversation_id": "none", "text": "\0"}}, 422, "content_unsupported"),
        ({**GOOD, "data": TO_NOBODY}, 422, "invalid_target"),
        ({**GOOD, "data": {**TO_NOBODY, "conversation_id": "none"}}, 404, "not_found"),
        ({**GOOD, "data": TO_NOBODY, "expirytime": HOUR_AGO}, 422, "expired"),
        ({**GOOD, "data": {**TO_NOBODY, "author": {"kind": "contact"}}}, 422, "invalid"),
        ({**GOOD, "type": "onethread.message.shout.v1", "data": {}}, 422, "unknown_command"),
        ({**GOOD, "type": "message.send", "data": TO_NOBODY}, 422, "unknown_command"),
        ({**GOOD, "type": "onethread.message.edit.v1", "data": {"message_id": "m", "text": "x"}}, 404, "not_found"),
        ({**GOOD, "type": "onethread.typing.set.v1", "data": {"conversation_id": "none"}}, 404, "not_found"),
        (
            {**GOOD, "type": "onethread.typing.set.v1", "data": {"conversation_id": "c"}, "time": HOUR_AGO},
            422,
            "expired",
        ),
    ],
)
def test_what_cannot_be_done_is_rejected_once_and_gone(tmp_path, url, event, status, code):
    async def work():
        async with desk(tmp_path, url) as crm:
            body = event if isinstance(event, bytes) else json.dumps(event).encode()
            await send(crm.bus, crm.queue, body, "m-1")
            found = await crm.problem()
            await crm.ask("message.send", {"conversation_id": crm.conversation_id, "text": "next"}, "c-2")
            assert [kind for kind, _ in await crm.answers(2)] == ["rejected", "accepted"]
            assert await crm.bus.depth(crm.queue) == 0
            return found

    assert asyncio.run(work())[:2] == (status, code)


@pytest.mark.parametrize(
    ("body", "message_id", "known_as"),
    [
        (b'{"id": "c-7", "specversion": 1}', "m-1", "c-7"),
        (b"{", "m-1", "m-1"),
        (b"{", "two words", "unnamed-021fb596db81e6d02bf3d2586ee3981f"),
    ],
)
def test_what_cannot_be_read_is_answered_under_the_id_its_sender_may_know(tmp_path, body, message_id, known_as):
    async def work():
        async with desk(tmp_path, "memory://") as crm:
            for _ in range(2):
                await send(crm.bus, crm.queue, body, message_id)
            return [(data["command_id"], data["repeated"]) for _, data in await crm.answers(2)]

    assert asyncio.run(work()) == [(known_as, False), (known_as, True)]


def test_a_queue_without_the_scope_commands_nothing(tmp_path):
    async def work():
        async with desk(tmp_path, "memory://", frozenset({Scope.READ})) as crm:
            await crm.ask("message.send", {"conversation_id": crm.conversation_id, "text": "hello"})
            return await crm.problem(), crm.told()

    (status, code, detail), told = asyncio.run(work())
    assert (status, code, told) == (403, "forbidden", [])
    assert "scope write" in detail


def test_a_rejection_is_final_whatever_changed_meanwhile(tmp_path):
    async def work():
        async with desk(tmp_path, "memory://", frozenset()) as crm:
            data = {"conversation_id": crm.conversation_id, "text": "hello"}
            await crm.ask("message.send", data)
            await crm.answers()
            await crm.commanding.renew({crm.name: WRITE})
            await crm.ask("message.send", data)
            answers = await crm.answers(2)
            return [(kind, data["problem"]["code"], data["repeated"]) for kind, data in answers], crm.told()

    assert asyncio.run(work()) == ([("rejected", "forbidden", False), ("rejected", "forbidden", True)], [])


@pytest.mark.server("rabbitmq")
def test_a_command_whose_acknowledgement_was_lost_is_neither_done_nor_answered_again(tmp_path):
    async def work():
        async with proxy() as between, desk(tmp_path, through(between)) as crm, running(open_bus(RABBIT)) as other:
            crm.bus, conversation = other, crm.conversation_id
            await crm.ask("message.send", {"conversation_id": conversation, "text": "First."}, "c-1")
            await crm.answers(1)
            between.deaf = True
            await crm.ask("message.send", {"conversation_id": conversation, "text": "Once."}, "c-2")
            await crm.answers(2)
            between.cut()
            between.deaf = False
            await crm.ask("message.send", {"conversation_id": conversation, "text": "Next."}, "c-3")
            answers = await crm.answers(3)
            await until(lambda: crm.told() == ["First.", "Once.", "Next."])
            await until(lambda: _depth(crm, 0))
            return [(data["command_id"], data["repeated"]) for _, data in answers]

    assert asyncio.run(work()) == [("c-1", False), ("c-2", False), ("c-3", False)]


@BUSES
def test_messages_leave_in_the_order_of_their_commands(tmp_path, url):
    async def work():
        async with desk(tmp_path, url) as crm:
            conversation = crm.conversation_id
            for n in range(100):
                await crm.ask("message.send", {"conversation_id": conversation, "text": str(n)}, f"c-{n}")
            answers = await crm.answers(100)
            await until(lambda: len(crm.told()) == 100)
            return [data["command_id"] for _, data in answers], crm.told()

    ids, told = asyncio.run(work())
    assert ids == [f"c-{n}" for n in range(100)]
    assert told == [str(n) for n in range(100)]


def test_messages_are_edited_and_reacted_to_by_command(tmp_path):
    async def work():
        async with desk(tmp_path, "memory://") as crm:
            await crm.ask("message.send", {"conversation_id": crm.conversation_id, "text": "teh answer"}, "c-1")
            [(_, sent)] = await crm.answers()
            await until(lambda: len(crm.events(("delivery.updated",))) == 1)
            await crm.ask("message.edit", {"message_id": sent["message_id"], "text": "the answer"}, "c-2")
            [heard] = crm.events(("message.received",))
            heard_id = heard["data"]["message"]["id"]
            await crm.ask("reaction.set", {"message_id": heard_id, "reaction": "👍"}, "c-3")
            await crm.ask("reaction.set", {"message_id": heard_id, "reaction": "🦜"}, "c-4")
            answers = await crm.answers(4)
            await until(lambda: len(parrot(crm.hub).told) == 3)
            return sent["message_id"], heard_id, answers

    sent_id, heard_id, answers = asyncio.run(work())
    assert [(kind, data.get("message_id")) for kind, data in answers] == [
        ("accepted", sent_id),
        ("accepted", sent_id),
        ("accepted", heard_id),
        ("rejected", None),
    ]
    assert all(data["delivery_id"] for kind, data in answers if kind == "accepted")
    assert answers[3][1]["problem"]["code"] == "content_unsupported"


def test_what_an_agent_has_read_is_said_by_command(tmp_path):
    async def work():
        async with desk(tmp_path, "memory://") as crm:
            [heard] = crm.events(("message.received",))
            heard_id = heard["data"]["message"]["id"]
            data = {"conversation_id": crm.conversation_id, "up_to": heard_id}
            await crm.ask("conversation.read", data, "c-1")
            await crm.ask("conversation.read", data, "c-2")
            await crm.ask("conversation.read", data | {"up_to": "nobody"}, "c-3")
            answers = await crm.answers(3)
            return heard_id, answers, [one["data"] for one in crm.events(("conversation.read",))]

    heard_id, answers, told = asyncio.run(work())
    assert [(kind, data.get("message_id")) for kind, data in answers] == [
        ("accepted", heard_id),
        ("accepted", heard_id),
        ("rejected", None),
    ]
    assert answers[2][1]["problem"]["code"] == "not_found"
    assert [(data["message_id"], data["author"]["kind"]) for data in told] == [(heard_id, "agent")]


def test_typing_is_shown_and_kept_nowhere(tmp_path):
    async def work():
        async with desk(tmp_path, "memory://") as crm:
            before = len(crm.events(("*",)))
            data = {"conversation_id": crm.conversation_id}
            await crm.ask("typing.set", data, time=datetime.now(UTC).isoformat())
            await until(lambda: len(parrot(crm.hub).typed) == 1)
            return len(crm.events(("*",))) - before

    assert asyncio.run(work()) == 0


@BUSES
def test_commands_wait_in_their_order_while_the_store_is_busy(tmp_path, url):
    async def work():
        async with desk(tmp_path, url, limits="{queue: 20}") as crm:
            conversation = crm.conversation_id
            with closing(sqlite3.connect(tmp_path / "hub.db", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                fill(crm.hub.writer)
                for n in range(5):
                    await crm.ask("message.send", {"conversation_id": conversation, "text": str(n)}, f"c-{n}")
                await until(lambda: _depth(crm, 0))
                assert crm.events() == []
                other.execute("ROLLBACK")
            await crm.answers(5)
            await until(lambda: len(crm.told()) == 5)
            return crm.told()

    assert asyncio.run(work()) == ["0", "1", "2", "3", "4"]


def fill(writer):
    """Hands in writes until no more are taken."""
    with suppress(Overloaded):
        while True:
            writer.submit(lambda _, items: items, None)


async def _depth(crm, depth):
    return await crm.bus.depth(crm.queue) == depth


def test_a_command_that_breaks_the_hub_is_rejected_and_the_others_are_carried_out(tmp_path, capsys):
    async def work():
        async with desk(tmp_path, "memory://") as crm:
            conversation = crm.conversation_id
            with closing(sqlite3.connect(tmp_path / "hub.db", isolation_level=None)) as other:
                other.execute(
                    "CREATE TRIGGER poison BEFORE INSERT ON idempotency"
                    " WHEN NEW.key = 'command:c-2' AND NEW.message_id LIKE '%accepted%'"
                    " BEGIN SELECT RAISE(ABORT, 'it is poison'); END"
                )
            for n, text in enumerate(["a", "b", "not this", "c", "d"]):
                await crm.ask("message.send", {"conversation_id": conversation, "text": text}, f"c-{n}")
            answers = await crm.answers(5)
            await until(lambda: len(crm.told()) == 4)
            return [(data["command_id"], data.get("problem", {}).get("code")) for _, data in answers], crm.told()

    answers, told = asyncio.run(work())
    assert answers == [("c-0", None), ("c-1", None), ("c-2", "internal"), ("c-3", None), ("c-4", None)]
    assert told == ["a", "b", "c", "d"]
    assert "it is poison" in capsys.readouterr().out


def test_a_subscription_that_may_command_no_longer_is_not_heard(tmp_path):
    async def work():
        async with desk(tmp_path, "memory://") as crm:
            await crm.commanding.renew({})
            await crm.ask("message.send", {"conversation_id": crm.conversation_id, "text": "hello"})
            await asyncio.sleep(0.05)
            assert await crm.bus.depth(crm.queue) == 1
            await crm.commanding.renew({crm.name: WRITE})
            return [kind for kind, _ in await crm.answers()]

    assert asyncio.run(work()) == ["accepted"]
