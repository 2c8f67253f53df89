"""What is Redis's own: what comes back from whom, what survives, and what it cannot do."""

import asyncio
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from gateway.bus.addresses import brokers
from gateway.bus.contract import BusDown, Incoming, open_bus
from gateway.bus.redis import RedisBus
from tests.bus.conftest import REDIS, SECONDS, drained, name, need, running, send, until
from tests.end_to_end.hub_process import free_port

pytestmark = pytest.mark.server("redis")


def forgetful(seconds: int) -> RedisBus:
    """Hands out again what was not finished within so many seconds."""
    [broker] = brokers(REDIS)
    return RedisBus(broker, visibility=seconds)


async def taken(bus: RedisBus, queue: str, seen: list[Incoming], count: int) -> None:
    async with asyncio.timeout(SECONDS):
        while len(seen) < count:  # noqa: ASYNC110 - a list rings no bell
            await asyncio.sleep(0.02)


def test_what_a_dead_consumer_took_is_handed_out_again_when_it_lapses() -> None:
    async def work() -> tuple[list[str | None], float]:
        queue, stuck, seen = name(), asyncio.Event(), list[Incoming]()

        async def dies(_: Incoming) -> None:
            stuck.set()
            await asyncio.Event().wait()

        async def take(incoming: Incoming) -> None:
            seen.append(incoming)

        async with running(forgetful(2), queue) as bus:
            await send(bus, queue, message_id="1")
            dead = bus.consume(queue, dies)
            await stuck.wait()
            dead._task.cancel()  # as a kill would: it neither finishes nor gives back
            began = time.monotonic()
            living = bus.consume(queue, take)
            await taken(bus, queue, seen, 1)
            took = time.monotonic() - began
            await living.stop()
            for task in dead._taking._tasks:
                task.cancel()
        return [one.message_id for one in seen if one.redelivered], took

    ids, took = asyncio.run(work())
    assert ids == ["1"]
    assert 1.0 < took < 20


def test_who_takes_longer_than_redis_waits_has_it_twice() -> None:
    """A limit, and why everything that is taken has an id by which it is known again."""

    async def work() -> list[bool]:
        queue, seen = name(), list[Incoming]()

        async def slow(incoming: Incoming) -> None:
            seen.append(incoming)
            await asyncio.sleep(4)

        async with running(forgetful(1), queue) as bus:
            await send(bus, queue)
            consuming = bus.consume(queue, slow)
            await taken(bus, queue, seen, 2)
            await consuming.stop()
        return [one.redelivered for one in seen[:2]]

    assert asyncio.run(work()) == [False, True]


def test_what_one_subscriber_gives_back_reaches_no_other() -> None:
    async def work() -> tuple[int, int | None]:
        queue, other, failed = name(), name(), list[Incoming]()

        async def fails_once(incoming: Incoming) -> None:
            failed.append(incoming)
            if len(failed) == 1:
                raise RuntimeError("the disk is full")

        async with running(open_bus(REDIS), queue, other) as bus:
            await send(bus, queue)
            consuming = bus.consume(queue, fails_once)
            await until(lambda: len(failed) == 2)
            await consuming.stop()
            return len(failed), await bus.depth(other)

    assert asyncio.run(work()) == (2, 0)


def test_of_several_consumers_of_an_inlet_each_takes_some() -> None:
    """A limit: RabbitMQ would let one at a time take them, so that commands stay in their order."""

    async def work() -> set[int]:
        queue, takers = name(), set[int]()

        def taker(n: int):
            async def take(_: Incoming) -> None:
                takers.add(n)
                await asyncio.sleep(0.05)

            return take

        async with running(open_bus(REDIS), queue, inlet=True) as bus:
            for n in range(20):
                await send(bus, queue, message_id=str(n))
            consuming = [bus.consume(queue, taker(n), prefetch=1, inlet=True) for n in range(2)]
            await until(lambda: len(takers) == 2)
            await asyncio.gather(*(one.stop() for one in consuming))
        return takers

    assert asyncio.run(work()) == {0, 1}


class OwnRedis:
    """A Redis of a test's own, that writes each change to the disk before it answers."""

    def __init__(self, folder: Path, key: Path | None = None, certificate: Path | None = None) -> None:
        """With a key it speaks nothing but TLS."""
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        always = ("--appendonly", "yes", "--appendfsync", "always", "--save", "")
        self._command = [need("redis-server"), "--bind", "127.0.0.1", "--dir", str(folder), *always]
        self._command += ["--port", "0", "--tls-port", str(self.port)] if key else ["--port", str(self.port)]
        if key and certificate:
            files = {"cert-file": certificate, "key-file": key, "ca-cert-file": certificate}
            self._command += [word for name, path in files.items() for word in (f"--tls-{name}", str(path))]
            self._command += ["--tls-auth-clients", "no"]
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def own_redis(folder: Path, *tls: Path) -> Iterator[OwnRedis]:
    redis = OwnRedis(folder, *tls)
    try:
        yield redis
    finally:
        redis.kill()


@pytest.mark.kill
def test_killed_and_started_again_it_has_what_it_confirmed_where_it_writes_each_change(tmp_path: Path) -> None:
    async def work(redis: OwnRedis) -> tuple[list[str], set[str | None], str]:
        queue, confirmed = name(), list[str]()
        bus = open_bus(redis.url)
        bus.start()
        async with asyncio.timeout(SECONDS):
            await bus.ready()
        await bus.declare(queue)

        async def publish() -> None:
            while True:
                n = str(len(confirmed))
                try:
                    await send(bus, queue, message_id=n)
                    confirmed.append(n)
                except BusDown:
                    await bus.ready()
                    await asyncio.sleep(0.1)

        publishing = asyncio.create_task(publish())
        await until(lambda: len(confirmed) >= 100)
        redis.kill()
        await until(lambda: not bus.up)
        problem = bus.problem or ""
        with pytest.raises(BusDown):
            await send(bus, queue)
        await asyncio.to_thread(redis.start)
        await until(lambda: len(confirmed) >= 200)
        publishing.cancel()
        with suppress(asyncio.CancelledError):
            await publishing
        depth = await bus.depth(queue)
        came = await drained(bus, queue, depth or 0)
        await bus.stop()
        return confirmed, {one.message_id for one in came}, problem

    with own_redis(tmp_path) as redis:
        confirmed, came, problem = asyncio.run(work(redis))
        assert set(confirmed) <= came
        assert problem.startswith(f"redis://127.0.0.1:{redis.port}/0: ")


def test_a_wrong_password_is_a_problem_and_is_shown_nowhere() -> None:
    async def work() -> str:
        bus = open_bus(REDIS.replace("://", "://nobody:s3cret-word@"))
        bus.start()
        await until(lambda: "not connected yet" not in str(bus.problem))
        problem = str(bus.problem)
        assert not bus.up
        await bus.stop()
        return problem + repr(bus)

    said = asyncio.run(work())
    assert "s3cret-word" not in said
    assert "127.0.0.1" in said


def test_tls_is_spoken_with_a_redis_whose_certificate_is_known_and_with_no_other(
    tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    key, own = certificate

    async def work(redis: OwnRedis) -> list[int]:
        queue, url = name(), f"rediss://localhost:{redis.port}/0"
        for address in (url, url.replace("rediss", "redis")):
            stranger = open_bus(address)
            stranger.start()
            await until(lambda stranger=stranger: "not connected yet" not in str(stranger.problem))  # type: ignore[misc]
            assert ("CERTIFICATE_VERIFY_FAILED" in str(stranger.problem)) == (address == url)
            assert not stranger.up
            await stranger.stop()
        bus = open_bus(f"{url}?cacertfile={own}")
        bus.start()
        async with asyncio.timeout(SECONDS):
            await bus.ready()
        await bus.declare(queue)
        await asyncio.gather(*(send(bus, queue, b"x" * 5000, str(n)) for n in range(50)))
        came = [int(incoming.message_id or "") for incoming in await drained(bus, queue, 50)]
        await bus.stop()
        return came

    with own_redis(tmp_path, key, own) as redis:
        assert asyncio.run(work(redis)) == list(range(50))
