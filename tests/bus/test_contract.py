"""What holds on every bus: memory and RabbitMQ alike."""

import asyncio

import pytest
from kombu import Connection

from gateway.bus.contract import MOST_BODY, MOST_HEADERS, BusDown, Incoming, Publication, Unroutable, open_bus
from tests.bus.conftest import BUSES, SECONDS, drained, name, running, send, until


@BUSES
def test_what_is_published_is_consumed_as_it_was_in_its_order(url):
    async def work():
        queue = name()
        async with running(open_bus(url), queue) as bus:
            for n in range(100):
                await send(bus, queue, b'{"n":%d}' % n, f"event-{n}", position=str(n), previous="grüße")
            return await drained(bus, queue, 100)

    assert asyncio.run(work()) == [
        Incoming(
            body=b'{"n":%d}' % n,
            content_type="application/cloudevents+json",
            headers={"position": str(n), "previous": "grüße"},
            redelivered=False,
            message_id=f"event-{n}",
        )
        for n in range(100)
    ]


@BUSES
def test_what_is_handed_over_together_is_each_told_once_what_became_of_it(url):
    async def work():
        queue, nobody, told, all_told = name(), name(), [], asyncio.Event()

        def copy(to, n, body=b"{}"):
            def tell(error):
                told.append((n, type(error)))
                if len(told) == 5:
                    all_told.set()

            return Publication("", to, body, {"position": str(n)}, True, str(n), tell)

        async with running(open_bus(url), queue) as bus:
            huge = b" " * (MOST_BODY + 1)
            bus.hand_over([copy(queue, 1), copy(nobody, 2), copy(queue, 3, huge), copy(queue, 4)])
            bus.hand_over([])
            assert told == []
            await until(lambda: len(told) == 4)
            came = [incoming.message_id for incoming in await drained(bus, queue, 2)]
        bus.hand_over([copy(queue, 5)])
        async with asyncio.timeout(SECONDS):
            await all_told.wait()
        return came, sorted(told, key=lambda each: each[0])

    none = type(None)
    assert asyncio.run(work()) == (
        ["1", "4"],
        [(1, none), (2, Unroutable), (3, ValueError), (4, none), (5, BusDown)],
    )


@BUSES
def test_a_mandatory_copy_to_nobody_is_unroutable(url):
    async def work():
        queue = name()
        async with running(open_bus(url)) as bus:
            with pytest.raises(Unroutable, match=queue):
                await send(bus, queue)
            await bus.publish("", queue, b"{}", {}, mandatory=False, message_id="2")
            assert await bus.depth(queue) is None

    asyncio.run(work())


@BUSES
def test_a_queue_is_declared_as_often_as_one_likes_and_deleted_with_what_it_holds(url):
    async def work():
        queue = name()
        async with running(open_bus(url)) as bus:
            assert await bus.depth(queue) is None
            await bus.declare(queue)
            await bus.declare(queue)
            for n in range(3):
                await send(bus, queue, message_id=str(n))
            await bus.declare(queue)
            await until(lambda: _is(bus, queue, 3))
            await bus.delete(queue)
            await bus.delete(queue)
            assert await bus.depth(queue) is None
            with pytest.raises(Unroutable):
                await send(bus, queue)

    asyncio.run(work())


async def _is(bus, queue, depth):
    return await bus.depth(queue) == depth


@BUSES
def test_a_topic_nobody_listens_to_takes_everything_unless_it_is_mandatory(url):
    async def work():
        topic = f"{name()}.topic"
        async with running(open_bus(url)) as bus:
            with pytest.raises(Unroutable):
                await bus.publish(topic, "a.b.c.d", b"{}", {}, mandatory=True, message_id="0")
            with pytest.raises(BusDown, match="is not declared"):
                await bus.publish(topic, "a.b.c.d", b"{}", {}, mandatory=False, message_id="1")
            await bus.declare_topic(topic)
            await bus.declare_topic(topic)
            await bus.publish(topic, "a.b.c.d", b"{}", {}, mandatory=False, message_id="2")
            with pytest.raises(Unroutable):
                await bus.publish(topic, "a.b.c.d", b"{}", {}, mandatory=True, message_id="3")
            await bus.delete(topic)

    asyncio.run(work())


@BUSES
def test_a_message_whose_take_raised_comes_again_and_says_so(url, caplog):
    async def work():
        queue, seen, done = name(), [], asyncio.Event()

        async def take(incoming):
            seen.append((incoming.message_id, incoming.redelivered))
            if len(seen) == 1:
                raise RuntimeError("the disk is full")
            done.set()

        async with running(open_bus(url), queue) as bus:
            await send(bus, queue)
            consuming = bus.consume(queue, take)
            async with asyncio.timeout(SECONDS):
                await done.wait()
            await consuming.stop()
            await until(lambda: _is(bus, queue, 0))
        return seen

    assert asyncio.run(work()) == [("1", False), ("1", True)]


@BUSES
def test_no_more_messages_are_under_way_than_were_asked_for(url):
    async def work():
        queue, underway, most, left = name(), 0, 0, asyncio.Semaphore(0)

        async def take(_):
            nonlocal underway, most
            underway += 1
            most = max(most, underway)
            await asyncio.sleep(0)
            underway -= 1
            left.release()

        async with running(open_bus(url), queue) as bus:
            for n in range(40):
                await send(bus, queue, message_id=str(n))
            consuming = bus.consume(queue, take, prefetch=4)
            async with asyncio.timeout(SECONDS):
                for _ in range(40):
                    await left.acquire()
            await consuming.stop()
        return most

    assert 1 <= asyncio.run(work()) <= 4


@BUSES
def test_a_message_over_the_bound_is_dropped_and_the_next_one_taken(url, capsys):
    async def work():
        queue = name()
        async with running(open_bus(url), queue) as bus:
            with pytest.raises(ValueError, match=f"{MOST_BODY} octets at most"):
                await send(bus, queue, b"x" * (MOST_BODY + 1))
            await asyncio.to_thread(_say_too_much, url, queue)
            await send(bus, queue, message_id="small")
            return [incoming.message_id for incoming in await drained(bus, queue, 1)], await bus.depth(queue)

    assert asyncio.run(work()) == (["small"], 0)
    assert "a message was too large and is dropped" in capsys.readouterr().out


def _say_too_much(url, queue):
    with Connection(url) as connection, connection.channel() as channel:
        connection.Producer(channel).publish(
            b"x" * (MOST_BODY + 1), exchange="", routing_key=queue, content_type="text/plain", content_encoding="binary"
        )


@BUSES
@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("a name", {"key": "k" * 256}),
        ("a name", {"message_id": "é" * 128}),
        ("a header", {"headers": {"h" * 256: ""}}),
        ("the headers", {"headers": {"h": "x" * MOST_HEADERS}}),
    ],
)
def test_what_no_broker_takes_is_refused_before_it_harms_others(url, what, names):
    async def work():
        async with running(open_bus(url)) as bus:
            given = {"key": "k", "headers": {}, "message_id": "1", **names}
            with pytest.raises(ValueError, match=what):
                await bus.publish(
                    "", given["key"], b"", given["headers"], mandatory=False, message_id=given["message_id"]
                )
            assert bus.up

    asyncio.run(work())


@BUSES
def test_what_goes_to_the_exchange_of_an_inlet_comes_out_of_its_queue(url):
    async def work():
        queue = name()
        async with running(open_bus(url), queue, inlet=True) as bus:
            await asyncio.to_thread(_publish_to, url, queue)
            return [incoming.body for incoming in await drained(bus, queue, 1)]

    assert asyncio.run(work()) == [b"an order"]


def _publish_to(url, exchange):
    with Connection(url) as connection, connection.channel() as channel:
        message = channel.prepare_message(b"an order", properties={"delivery_mode": 2})
        channel.basic_publish(message, exchange=exchange, routing_key="")


@BUSES
def test_a_bus_may_be_stopped_before_it_was_started_and_twice(url):
    async def work():
        bus = open_bus(url)
        await bus.stop()
        async with running(bus):
            await bus.stop()

    asyncio.run(work())


@BUSES
def test_a_bus_that_was_stopped_says_that_it_is_down(url):
    async def work():
        queue = name()
        bus = open_bus(url)
        assert not bus.up
        async with running(bus, queue):
            assert bus.up
            assert bus.problem is None
            assert not bus.blocked
        assert not bus.up
        with pytest.raises(BusDown):
            await send(bus, queue)
        with pytest.raises(BusDown):
            await bus.declare(queue)

    asyncio.run(work())


@BUSES
def test_a_consumer_that_stops_finishes_what_it_took_and_gives_back_the_rest(url):
    async def work():
        queue, begun, taken, finish = name(), [], [], asyncio.Event()

        async def take(incoming):
            begun.append(incoming.message_id)
            await finish.wait()
            taken.append(incoming.message_id)

        async with running(open_bus(url), queue) as bus:
            for n in range(5):
                await send(bus, queue, message_id=str(n))
            consuming = bus.consume(queue, take, prefetch=2)
            await until(lambda: len(begun) == 2)
            stopping = asyncio.create_task(consuming.stop())
            await asyncio.sleep(0)
            finish.set()
            await stopping
            await until(lambda: _is(bus, queue, 3))
            return taken, [incoming.message_id for incoming in await drained(bus, queue, 3)]

    assert asyncio.run(work()) == (["0", "1"], ["2", "3", "4"])
