"""RabbitMQ at its worst: connections cut, brokers that hang, refuse, or are full."""

import asyncio
import ssl
import threading
from urllib.parse import urlsplit

import pytest
from kombu import Connection

from gateway.bus.addresses import brokers
from gateway.bus.contract import BusDown, Incoming, Unroutable, open_bus
from gateway.bus.rabbit import RabbitBus
from tests.bus.conftest import RABBIT, SECONDS, drained, impatient, name, proxy, running, send, through, until
from tests.bus.proxy import BLOCKED, UNBLOCKED, Proxy

pytestmark = pytest.mark.server("rabbitmq")


def test_five_thousand_copies_under_way_are_confirmed_in_their_order():
    async def work():
        queue, confirmed = name(), []

        async def one(bus, n):
            await send(bus, queue, b"{}", str(n))
            confirmed.append(n)

        async with running(open_bus(RABBIT), queue) as bus:
            await asyncio.gather(*(one(bus, n) for n in range(5000)))
            came = [int(incoming.message_id) for incoming in await drained(bus, queue, 5000)]
        return confirmed, came

    confirmed, came = asyncio.run(work())
    assert confirmed == came == list(range(5000))


def test_a_copy_nobody_takes_harms_none_of_those_around_it():
    async def work():
        queue, nobody = name(), name()
        async with running(open_bus(RABBIT), queue) as bus:
            return await asyncio.gather(
                *(send(bus, nobody if n % 10 == 3 else queue, b"{}", str(n)) for n in range(100)),
                return_exceptions=True,
            )

    outcomes = asyncio.run(work())
    assert [n for n, outcome in enumerate(outcomes) if isinstance(outcome, Unroutable)] == list(range(3, 100, 10))
    assert sum(outcome is None for outcome in outcomes) == 90


def test_a_connection_cut_in_the_middle_loses_nothing_that_is_repeated():
    async def work():
        queue = name()
        async with proxy() as between, running(open_bus(through(between)), queue) as bus:
            between.stops_at = between.heard + 60_000
            first = await asyncio.gather(
                *(send(bus, queue, b"x" * 100, str(n)) for n in range(2000)), return_exceptions=True
            )
            lost = [n for n, outcome in enumerate(first) if isinstance(outcome, BusDown)]
            assert lost
            assert [outcome for outcome in first if not isinstance(outcome, BusDown)] == [None] * (2000 - len(lost))
            async with asyncio.timeout(SECONDS):
                await bus.ready()
            assert between.connections > 2
            await asyncio.gather(*(send(bus, queue, b"x" * 100, str(n)) for n in lost))
            depth = 0
            while depth < 2000:
                depth = await bus.depth(queue)
            return lost, {int(incoming.message_id) for incoming in await drained(bus, queue, depth)}

    lost, came = asyncio.run(work())
    assert came == set(range(2000))
    assert lost == list(range(lost[0], 2000))


def test_what_the_broker_took_but_could_not_confirm_is_told_as_down():
    async def work():
        queue = name()
        async with proxy() as between, running(open_bus(through(between)), queue) as bus:
            between.hold()
            sent = asyncio.create_task(send(bus, queue, b"{}", "once or twice"))
            async with running(open_bus(RABBIT)) as other:
                await until(lambda: _is(other, queue, 1))
            between.cut()
            between.release()
            with pytest.raises(BusDown):
                await sent
            await bus.ready()
            await send(bus, queue, b"{}", "once or twice")
            return [incoming.message_id for incoming in await drained(bus, queue, 2)]

    assert asyncio.run(work()) == ["once or twice"] * 2


def test_while_the_broker_is_away_publishing_fails_at_once_and_ready_waits():
    async def work():
        queue = name()
        async with proxy() as between, running(open_bus(through(between)), queue) as bus:
            between.refuses = True
            between.cut()
            await until(lambda: not bus.up)
            with pytest.raises(BusDown):
                await send(bus, queue)
            assert bus.problem
            assert f"amqp://127.0.0.1:{between.port}/" in bus.problem
            ready = asyncio.create_task(bus.ready())
            tries = between.connections
            await until(lambda: between.connections > tries)
            assert not ready.done()
            between.refuses = False
            async with asyncio.timeout(SECONDS):
                await ready
            await send(bus, queue)
            assert bus.problem is None

    asyncio.run(work())


def test_a_broker_that_does_not_confirm_is_left_and_found_again():
    async def work():
        queue = name()
        async with proxy() as between, running(impatient(through(between), 0.5), queue) as bus:
            between.hold()
            with pytest.raises(BusDown, match="did not confirm within"):
                await send(bus, queue)
            between.release()
            async with asyncio.timeout(SECONDS):
                await bus.ready()
            await send(bus, queue)

    asyncio.run(work())


def test_a_blocked_broker_is_seen_and_waited_for():
    async def work():
        queue = name()
        async with proxy() as between, running(open_bus(through(between)), queue) as bus:
            between.say(BLOCKED)
            await until(lambda: bus.blocked)
            assert bus.up
            assert "short of memory or disk" in bus.problem
            sent = asyncio.create_task(send(bus, queue))
            assert await bus.depth(queue) == 0
            assert not sent.done()
            between.say(UNBLOCKED)
            async with asyncio.timeout(SECONDS):
                await sent
            assert not bus.blocked
            assert bus.problem is None

    asyncio.run(work())


def test_a_blocked_broker_is_not_waited_for_without_end():
    async def work():
        queue = name()
        async with proxy() as between, running(impatient(through(between), 0.2), queue) as bus:
            between.say(BLOCKED)
            await until(lambda: bus.blocked)
            with pytest.raises(BusDown, match="takes nothing"):
                await send(bus, queue)
            assert bus.up
            between.say(UNBLOCKED)
            await until(lambda: not bus.blocked)
            await send(bus, queue)

    asyncio.run(work())


def test_a_full_queue_refuses_and_the_others_take():
    async def work():
        queue, full = name(), name()
        async with running(open_bus(RABBIT), queue, full) as bus:
            await bus.delete(full)
            await asyncio.to_thread(_declare, full, {"x-max-length": 1, "x-overflow": "reject-publish"})
            outcomes = await asyncio.gather(*(send(bus, full, b"{}", str(n)) for n in range(5)), return_exceptions=True)
            await send(bus, queue)
            return outcomes

    outcomes = asyncio.run(work())
    assert outcomes[0] is None
    assert str(outcomes[-1]) == "the broker refused it: a queue is full or without its quorum"


def test_a_queue_that_was_full_takes_again_once_there_is_room():
    async def work():
        full = name()
        async with running(open_bus(RABBIT), full) as bus:
            await bus.delete(full)
            await asyncio.to_thread(_declare, full, {"x-max-length": 1, "x-overflow": "reject-publish"})
            outcomes = await asyncio.gather(*(send(bus, full, b"{}", str(n)) for n in range(9)), return_exceptions=True)
            assert isinstance(outcomes[-1], BusDown)
            while await asyncio.to_thread(_take, full):
                continue
            await send(bus, full, b"{}", "again")
            return await asyncio.to_thread(_take, full)

    assert asyncio.run(work()) == "again"


def _take(queue):
    with Connection(RABBIT) as connection, connection.channel() as channel:
        message = channel.basic_get(queue, no_ack=True)
        return message and message.properties["message_id"]


def _declare(queue, arguments=None, **more):
    with Connection(RABBIT) as connection, connection.channel() as channel:
        channel.queue_declare(queue, durable=True, auto_delete=False, arguments=arguments, **more)


def test_a_queue_somebody_declared_otherwise_is_used_as_it_is(capsys):
    async def work():
        queue = name()
        await asyncio.to_thread(_declare, queue)
        async with running(open_bus(RABBIT), queue) as bus:
            await send(bus, queue)
            return [incoming.message_id for incoming in await drained(bus, queue, 1)]

    assert asyncio.run(work()) == ["1"]
    assert "a queue has other properties" in capsys.readouterr().out


def test_properties_that_make_no_sense_are_left_out_and_what_follows_comes():
    async def work():
        queue = name()
        async with running(open_bus(RABBIT), queue) as bus:
            for message_id in (b"\xff\xfe", "good"):
                await asyncio.to_thread(_publish, queue, message_id)
            return await drained(bus, queue, 2)

    assert asyncio.run(work()) == [Incoming(body=b""), Incoming(body=b"", message_id="good")]


def _publish(queue, message_id):
    with Connection(RABBIT) as connection, connection.channel() as channel:
        channel.basic_publish(channel.prepare_message(b"", properties={"message_id": message_id}), "", queue)


def test_a_consumer_goes_on_after_its_connection_was_cut():
    async def work():
        queue, taken, hold = name(), [], asyncio.Event()

        async def take(incoming):
            taken.append((incoming.message_id, incoming.redelivered))
            if len(taken) == 1:
                await hold.wait()

        async with proxy() as between, running(open_bus(RABBIT), queue) as bus:
            other = open_bus(through(between))
            other.start()
            consuming = other.consume(queue, take, prefetch=1)
            await send(bus, queue, message_id="first")
            await until(lambda: len(taken) == 1)
            between.cut()
            await until(lambda: len(taken) == 2)
            hold.set()
            await send(bus, queue, message_id="second")
            await until(lambda: len(taken) == 3)
            await consuming.stop()
            await other.stop()
            assert await bus.depth(queue) == 0
        return taken

    assert asyncio.run(work()) == [("first", False), ("first", True), ("second", False)]


def test_a_consumer_whose_queue_is_deleted_declares_it_anew():
    async def work():
        queue, taken = name(), asyncio.Event()

        async def take(_):
            taken.set()

        async with running(open_bus(RABBIT), queue) as bus:
            consuming = bus.consume(queue, take)
            await bus.delete(queue)
            await until(lambda: _there(bus, queue))
            await send(bus, queue)
            async with asyncio.timeout(SECONDS):
                await taken.wait()
            await consuming.stop()

    asyncio.run(work())


async def _there(bus, queue):
    return await bus.depth(queue) is not None


def test_a_topic_that_was_deleted_is_there_again_after_one_loss():
    async def work():
        topic, queue = name(), name()
        async with running(open_bus(RABBIT), queue) as bus:
            await bus.declare_topic(topic)
            await asyncio.to_thread(_delete_exchange, topic)
            with pytest.raises(BusDown, match="NOT_FOUND"):
                await bus.publish(topic, "a.b.-.-", b"{}", {}, mandatory=False, message_id="1")
            async with asyncio.timeout(SECONDS):
                await bus.ready()
            await bus.publish(topic, "a.b.-.-", b"{}", {}, mandatory=False, message_id="2")
            await asyncio.to_thread(_delete_exchange, topic)

    asyncio.run(work())


def _delete_exchange(topic):
    with Connection(RABBIT) as connection, connection.channel() as channel:
        channel.exchange_delete(topic)


def test_a_topic_reaches_whoever_bound_a_queue_of_their_own():
    async def work():
        topic, mine = name(), name()
        async with running(open_bus(RABBIT), mine) as bus:
            await bus.declare_topic(topic)
            await asyncio.to_thread(_bind, mine, topic, "message.*.sms.*")
            for n, key in enumerate(
                ["message.received.sms.uk", "message.received.email.mail", "delivery.updated.sms.uk"]
            ):
                await bus.publish(topic, key, b"{}", {}, mandatory=False, message_id=str(n))
            found = [incoming.message_id for incoming in await drained(bus, mine, 1)]
            await asyncio.to_thread(_delete_exchange, topic)
        return found

    assert asyncio.run(work()) == ["0"]


def _bind(queue, exchange, key):
    with Connection(RABBIT) as connection, connection.channel() as channel:
        channel.queue_bind(queue, exchange, key)


def test_an_exchange_of_another_type_is_no_topic():
    async def work():
        async with running(open_bus(RABBIT)) as bus:
            with pytest.raises(BusDown, match="the broker refuses: PRECONDITION_FAILED"):
                await bus.declare_topic("amq.direct")
            assert await bus.depth(name()) is None

    asyncio.run(work())


def test_of_several_nodes_the_next_one_is_tried():
    async def work():
        async with proxy() as away:
            away.refuses = True
            async with running(open_bus(f"{through(away)};{RABBIT}")) as bus:
                assert bus.up
                assert away.connections == 2

    asyncio.run(work())


def test_a_wrong_password_is_a_problem_and_is_shown_nowhere(capfd, caplog):
    async def work():
        parts = urlsplit(RABBIT)
        bus = open_bus(parts._replace(netloc=f"guest:hunter2-secret@{parts.hostname}:{parts.port or 5672}").geturl())
        bus.start()
        await until(lambda: bus.problem is not None)
        with pytest.raises(BusDown) as down:
            await bus.declare("q")
        told = f"{bus.problem} {bus!r} {down.value!r}"
        await bus.stop()
        return told

    told = asyncio.run(work())
    assert "ACCESS_REFUSED" in told
    assert "hunter2" not in told + "".join(capfd.readouterr()) + caplog.text


def test_a_bus_that_stops_leaves_no_thread():
    async def work():
        queue = name()
        before = {thread.name for thread in threading.enumerate()}
        async with running(open_bus(RABBIT), queue) as bus:
            bus.consume(queue, lambda _: asyncio.sleep(0))
            assert any(thread.name == "bus publisher" for thread in threading.enumerate())
        return {thread.name for thread in threading.enumerate() if thread.name.startswith("bus")} - before

    assert asyncio.run(work()) == set()


def test_a_bus_stops_also_while_nobody_is_there():
    async def work():
        bus = RabbitBus(brokers("amqp://127.0.0.1:9/"))
        bus.start()
        await until(lambda: bus.problem is not None)
        async with asyncio.timeout(5):
            await bus.stop()

    asyncio.run(work())


def test_what_was_published_is_finished_before_a_bus_stops():
    async def work():
        queue = name()
        async with running(open_bus(RABBIT), queue) as other:
            bus = open_bus(RABBIT)
            bus.start()
            await bus.ready()
            sent = [asyncio.create_task(send(bus, queue, b"{}", str(n))) for n in range(500)]
            await asyncio.sleep(0)
            await bus.stop()
            assert await asyncio.gather(*sent) == [None] * 500
            await until(lambda: _is(other, queue, 500))

    asyncio.run(work())


async def _is(bus, queue, depth):
    return await bus.depth(queue) == depth


def test_tls_is_spoken_with_a_broker_whose_certificate_is_known_and_with_no_other(certificate):
    key, own = certificate
    parts = urlsplit(RABBIT)

    async def work():
        queue = name()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(own, key)
        async with Proxy(parts.hostname, parts.port or 5672, context) as between:
            url = f"amqps://{parts.username}:{parts.password}@localhost:{between.port}/"
            stranger = open_bus(url)
            stranger.start()
            await until(lambda: stranger.problem is not None)
            assert "CERTIFICATE_VERIFY_FAILED" in stranger.problem
            await stranger.stop()
            async with running(open_bus(f"{url}?cacertfile={own}"), queue) as bus:
                await asyncio.gather(*(send(bus, queue, b"x" * 5000, str(n)) for n in range(500)))
                return [int(incoming.message_id) for incoming in await drained(bus, queue, 500)]

    assert asyncio.run(work()) == list(range(500))
