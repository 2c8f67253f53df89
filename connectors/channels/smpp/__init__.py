"""Short messages straight to a carrier, by SMPP 3.4.

The connector keeps a session with the carrier: polls take what is delivered there, which is answered once it is
durable, and sends go by the same session, or by one of their own. Source: SMPP v3.4 issue 1.2 (read 2026-11). Does not
serve SMPP 5, `data_sm`, `submit_multi`, `query_sm`, scheduled messages or binary ones.
"""

from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter
from typing import ClassVar, Final
from urllib.parse import urlsplit

from connectors.channels.smpp import taking
from connectors.channels.smpp.capability import CAPABILITY, in_ucs2
from connectors.channels.smpp.config import Config as SmppConfig
from connectors.channels.smpp.link import Link
from connectors.channels.smpp.parse import SCHEME, parse
from connectors.channels.smpp.pdu import Pdu, Short, named
from connectors.channels.smpp.receipts import told
from connectors.channels.smpp.refusals import ALREADY_BOUND, OK, refusal
from connectors.channels.smpp.session import Session
from connectors.channels.smpp.wire import shown, submits
from connectors.kit.base import Account, Info, Outbound, Plugin, Polled, Sent, Settles, Tools
from connectors.kit.collects import COLLECT, Collected
from connectors.kit.config import PluginConfig
from connectors.kit.errors import BadSignature, KitError, OutcomeUnknown
from connectors.kit.request import Request
from normalizer.errors import ErrorCode
from normalizer.inbound import Inbound

BATCH: Final = 32 << 10
"""Octets of one poll."""
MOST_BEGUN: Final = 1000


@dataclass(frozen=True)
class _Handed:
    """A batch that the hub was given, and has not said to have kept."""

    session: Session
    sequences: tuple[int, ...]
    collected: dict[str, str]
    body: bytes
    cursor: str


class Smpp(Plugin[SmppConfig]):
    info: ClassVar[Info] = Info(
        name="smpp",
        channel="sms",
        scheme=SCHEME,
        capability=CAPABILITY,
        settles=Settles.NEVER,
        summary="SMS straight to a carrier, by SMPP 3.4",
    )
    Config = SmppConfig

    _handed: _Handed | None = None

    def __init__(self, config: SmppConfig, tools: Tools) -> None:
        super().__init__(config, tools)
        if config.alphabet == "ucs2":
            vars(self)["info"] = in_ucs2(self.info)

    @cached_property
    def link(self) -> Link:
        return Link(self.config)

    @cached_property
    def _begun(self) -> OrderedDict[str, list[str]]:
        """The ids of segments that were taken, of messages that were not taken whole, by token."""
        return OrderedDict()

    def verify(self, request: Request) -> None:
        if request.method != COLLECT or urlsplit(request.url).scheme != COLLECT.lower():
            raise BadSignature("what comes, comes by the session", missing=True)

    def parse(self, request: Request) -> Sequence[Inbound]:
        return parse(request, self.config)

    async def send(self, outbound: Outbound) -> Sent:
        messages = submits(outbound, self.config)
        started, status, failure = perf_counter(), None, "given up by its caller"
        taken: list[str] = []
        try:
            session = await self.link.sending()
            taken = await self._submit(session, outbound.token, messages)
            status, failure = OK, ""
        except KitError as error:
            failure = error.detail
            raise
        finally:
            self.tools.http.note(
                "SUBMIT",
                self.config.api_base,
                request=shown(messages),
                status=status,
                answer=" ".join(taken).encode(),
                error=failure or None,
                started=started,
            )
        return Sent(tuple(dict.fromkeys(told(name, self.config.message_ids) for name in reversed(taken))))

    async def _submit(self, session: Session, token: str, messages: Sequence[Short]) -> list[str]:
        """The ids of all segments. One that was taken is not sent again, when the message is tried once more."""
        taken = self._begun.pop(token, [])
        for message in messages[len(taken) :]:
            try:
                taken.append(_id_of(await session.submit(message.body()), self.config))
            except KitError:
                if taken:
                    self._begun[token] = taken
                    while len(self._begun) > MOST_BEGUN:
                        self._begun.popitem(last=False)
                raise
        return taken

    def polls(self) -> bool:
        return True

    def holds(self) -> bool:
        return self.config.bind == "transceiver"

    async def poll(self, cursor: str | None) -> Polled | Collected:
        """A cursor that is the last batch's says that the batch is kept: then the carrier hears so."""
        session = await self.link.receiving()
        handed, self._handed = self._handed, None
        if handed is not None and handed.session is session:
            if handed.cursor != cursor:
                self._handed = handed
                return _collected(handed)
            session.answer(handed.sequences)
        came = await session.delivered(self.config.poll_seconds, BATCH)
        state = taking.read(cursor)
        if not came:
            return Polled((), cursor if cursor is not None else taking.write(state), b"")
        microseconds = int(self.tools.now().timestamp() * 1_000_000)
        batch = taking.take(state, [one.octets for one in came], session.name, microseconds)
        self._handed = _Handed(
            session=session,
            sequences=tuple(one.sequence for one in came),
            collected={"names": ",".join(batch.names), "groups": ",".join(batch.groups)},
            body=b"".join(one.octets for one in came),
            cursor=taking.write(batch.state),
        )
        return _collected(self._handed)

    async def close(self) -> None:
        self._handed = None
        await self.link.close()

    async def check(self) -> Account:
        error = await self.link.try_out()
        bound = error is not None and error.provider_code == f"0x{ALREADY_BOUND:08x}"
        if error is not None and not bound:
            raise error
        details = {"smsc": self.config.api_base} | ({"bound": "elsewhere already"} if bound else {})
        return Account(name=self.config.system_id, details=details)

    @classmethod
    def trusted_origins(cls, config: PluginConfig) -> Sequence[str]:  # noqa: ARG003 - nothing goes by HTTP
        return ()


def _id_of(answer: Pdu, config: SmppConfig) -> str:
    """Raises the sending errors."""
    if answer.status != OK:
        raise refusal(answer.status, config.throttle_pause)
    name = named(answer.body)
    if not name:
        raise OutcomeUnknown("an answer that names no message", code=ErrorCode.PROVIDER_DOWN)
    return name


def _collected(handed: _Handed) -> Collected:
    return Collected(handed.cursor, handed.collected, _one(handed.body))


async def _one(octets: bytes) -> AsyncGenerator[bytes, None]:
    yield octets
