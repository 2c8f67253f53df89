"""Publishing to RabbitMQ with pipelined confirms: many copies are under way, each is confirmed by itself.

kombu's own confirms wait for the broker after each message, at a tenth of the rate.
Source: https://www.rabbitmq.com/docs/confirms (read 2026-11): a return comes before its acknowledgement.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

import structlog
from amqp import Message
from amqp.exceptions import ChannelError

from gateway.bus.addresses import Broker
from gateway.bus.connecting import in_one_write
from gateway.bus.contract import CONTENT_TYPE, BusDown, Publication, Unroutable
from gateway.bus.fitting import undeclared
from gateway.bus.link import Link
from gateway.bus.objects import let_topic_exist

log = structlog.get_logger()
WINDOW = 1000
"""Copies the broker may have that it has not confirmed; the others wait their turn here."""
SLICE = 64
"""Sent before the thread looks for what the broker says."""
PATIENCE = 30.0
"""Seconds after which a copy the broker did not confirm counts as not published."""
STOP_SECONDS = 10.0
PERSISTENT = 2
"""AMQP's `delivery-mode` of a message that outlives a restart of the broker."""


@dataclass(slots=True, eq=False)
class Copy:
    """One message on its way to the broker."""

    publication: Publication
    destination: tuple[str, str]
    epoch: int
    """Of the connection it was meant for: it goes on no later one, or it would overtake what was lost before it."""
    since: float
    """When it was handed over; once it was sent, when that was."""
    after: int
    """How often its destination had refused something, as the event loop knew: what was refused since stands before it,
    and must not be overtaken."""
    returned: bool = False
    refusal: int = 0
    """Where the broker refused it: which refusal of its destination that was, from 1."""


Settled = list[tuple[Copy, Exception | None]]


def _destination(one: Publication) -> tuple[str, str]:
    """Where order holds: a queue, or all of an exchange."""
    return one.exchange, "" if one.exchange else one.key


class Publishing:
    """`hand_over` and `stop` belong to the event loop, the rest to the link's thread."""

    def __init__(self, brokers: Sequence[Broker], patience: float = PATIENCE) -> None:
        self.link = Link("publisher", brokers, self)
        self._patience = patience
        self.topics: set[str] = set()
        """Declared exchanges; declared again on each connection, since publishing to one that is gone ends it."""
        self._waiting: deque[Copy] = deque()
        self._unconfirmed: dict[int, Copy] = {}
        self._settled: Settled = []
        self._tag = 0
        self._epoch = 0
        self._connection: Any = None
        self._channel: Any = None
        self._spoiled = False
        """Something was refused on this channel."""
        self._refusals: Counter[tuple[str, str]] = Counter()
        """Of each destination."""
        self._known: Counter[tuple[str, str]] = Counter()
        """The same, as the event loop knows it."""
        self._underway = 0
        self._none_underway = asyncio.Event()
        self._stopping = False

    def hand_over(self, publications: Sequence[Publication]) -> None:
        """As `Bus.hand_over`, the values being good ones."""
        epoch, at = self.link.epoch, monotonic()
        self._underway += len(publications)
        refused: Settled = []
        for publication in publications:
            to = _destination(publication)
            copy = Copy(publication, to, epoch, at, after=self._known[to])
            if reason := self._refuses(publication):
                refused.append((copy, reason))
            else:
                self._waiting.append(copy)
        if refused:
            asyncio.get_running_loop().call_soon(self._settle, refused)
        self.link.ring()

    def _refuses(self, publication: Publication) -> Exception | None:
        if self._stopping or not self.link.up:
            return BusDown(self.link.problem or "the bus is not connected")
        if publication.exchange and publication.exchange not in self.topics:
            return undeclared(publication.exchange, mandatory=publication.mandatory)
        return None

    async def stop(self) -> None:
        """Waits for what was published, not for ever."""
        self._stopping = True
        if self._underway:
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await self._none_underway.wait()
        await self.link.end()

    def _drop(self, reason: str) -> None:
        with suppress(IndexError):  # the thread of the next connection drops them too
            while True:
                self._settle([(self._waiting.popleft(), BusDown(reason))])

    def _settle(self, settled: Settled) -> None:
        self._underway -= len(settled)
        if self._stopping and not self._underway:
            self._none_underway.set()
        for copy, error in settled:
            if copy.refusal:
                self._known[copy.destination] = copy.refusal
            copy.publication.told(error)

    # --- the thread ---------------------------------------------------------------------------------------------------

    def opened(self, connection: Any, epoch: int) -> None:
        for topic in tuple(self.topics):
            self._let_exist(connection, topic)
        self._connection = connection
        self._open_channel()
        self._epoch = epoch

    def _open_channel(self) -> None:
        self._channel = channel = self._connection.channel()
        channel.confirm_select()
        channel.events["basic_ack"].add(self._acked)
        channel.events["basic_nack"].add(self._nacked)
        channel.events["basic_return"].add(self._returned)
        self._tag = 0
        self._spoiled = False

    def work(self) -> bool:
        if self._spoiled and not self._unconfirmed and not self.link.blocked:
            self._channel.close()
            self._open_channel()
        if self._spoiled or not self._waiting:
            return False
        with in_one_write(self._connection):
            for _ in range(SLICE):
                if not self._waiting or self.link.blocked or len(self._unconfirmed) >= WINDOW:
                    return False
                copy = self._waiting.popleft()
                if copy.epoch != self._epoch:
                    self._settled.append((copy, BusDown("the connection to the broker was lost")))
                elif copy.after != self._refusals[copy.destination]:
                    self._settled.append((copy, BusDown("the broker refused what was to go there before")))
                else:
                    self._send(copy)
        return True

    def _send(self, copy: Copy) -> None:
        one = copy.publication
        message = Message(
            one.body,
            content_type=CONTENT_TYPE,
            application_headers=dict(one.headers),
            delivery_mode=PERSISTENT,
            message_id=one.message_id,
        )
        copy.since = monotonic()
        self._tag += 1
        self._unconfirmed[self._tag] = copy
        self._channel.basic_publish(message, exchange=one.exchange, routing_key=one.key, mandatory=one.mandatory)

    def report(self) -> None:
        if self._settled:
            settled, self._settled = self._settled, []
            self.link.tell(self._settle, settled)

    def check(self, now: float) -> None:
        """Raises TimeoutError where the broker neither confirms nor says why."""
        overdue = next((copy for copy in self._unconfirmed.values() if copy.since < now - self._patience), None)
        if overdue is not None and not self.link.blocked:
            raise TimeoutError(f"the broker did not confirm within {self._patience:.0f} s")
        if self.link.blocked:
            self._give_up(now)

    def _give_up(self, now: float) -> None:
        """A blocked broker is left connected: it will say when it takes messages again."""
        late = [tag for tag, copy in self._unconfirmed.items() if copy.since < now - self._patience]
        given_up = [self._unconfirmed.pop(tag) for tag in late]
        while self._waiting and self._waiting[0].since < now - self._patience:
            given_up.append(self._waiting.popleft())  # nobody else takes from it while the connection is up
        self._settled += [(copy, BusDown(self.link.problem)) for copy in given_up]
        self.report()

    def closed(self, reason: str) -> None:
        self._settled += [(copy, BusDown(reason)) for copy in self._unconfirmed.values()]
        self._unconfirmed.clear()
        self._connection = self._channel = None
        self.report()
        self.link.tell(self._drop, reason)  # there, since the loop hands over until it knows

    def _let_exist(self, connection: Any, topic: str) -> None:
        try:
            let_topic_exist(connection, topic)
        except ChannelError as error:
            self.topics.discard(topic)
            log.error("a topic exchange is lost", exchange=topic, reason=error.reply_text)

    def _acked(self, tag: int, multiple: bool) -> None:
        for copy in self._confirmed(tag, multiple):
            one = copy.publication
            error = Unroutable(f"no queue takes {one.key or one.exchange}") if copy.returned else None
            self._settled.append((copy, error))

    def _nacked(self, tag: int, multiple: bool) -> None:
        """What was sent to a queue while it had no leader spoils the channel: nothing more is taken from it for that
        queue. So the next is sent on another channel, once it is known what became of those sent on this one."""
        self._spoiled = True
        for copy in self._confirmed(tag, multiple):
            self._refusals[copy.destination] += 1
            copy.refusal = self._refusals[copy.destination]
            self._settled.append((copy, BusDown("the broker refused it: a queue is full or without its quorum")))

    def _confirmed(self, tag: int, multiple: bool) -> list[Copy]:
        """The copies an answer is about. Tags rise, so those below one come first."""
        if not multiple:
            copy = self._unconfirmed.pop(tag, None)
            return [copy] if copy else []
        below = []
        for each in self._unconfirmed:
            if each > tag:
                break
            below.append(each)
        return [self._unconfirmed.pop(each) for each in below]

    def _returned(self, _: Exception, exchange: str, key: str, message: Any) -> None:
        """Marks the oldest copy it can be. The acknowledgement follows."""
        message_id = message.properties.get("message_id")
        for copy in self._unconfirmed.values():
            one = copy.publication
            if (one.exchange, one.key, one.message_id) == (exchange, key, message_id) and not copy.returned:
                copy.returned = True
                return
