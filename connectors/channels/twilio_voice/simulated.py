"""A call as its caller makes it: follows the TwiML it is given, acts by a script, and reports what became of it."""

import asyncio
import xml.etree.ElementTree as ET
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Protocol
from urllib.parse import urldefrag

from connectors.channels.twilio_voice.acts import Act, HangUp, Joins, Leave, Leaves, Press, Speak, Taken, Wait
from connectors.channels.twilio_voice.simulated_rooms import Rooms

MOST_REQUESTS: Final = 100
CLOSES_WITHIN: Final = 10.0
"""Seconds a caller stays in a room alone."""


Fields = Mapping[str, str]


class Exchange(Protocol):
    """Twilio, as a call uses it."""

    records: bool
    transcribes: bool
    rooms: Rooms

    async def told(self, url: str, fields: Fields) -> bytes:
        """Posts a form to an address, signed; what was answered."""

    def new_sid(self, prefix: str) -> str: ...
    def recorded(self, words: str) -> tuple[str, str]:
        """SID and address of a new recording."""


class _Over(Exception):
    """The call has ended."""


class _Left(Exception):
    """The caller leaves the queue."""


@dataclass
class Line:
    """One call in progress, and all that its caller heard."""

    exchange: Exchange
    sid: str
    account: str
    caller: str
    number: str
    acts: list[Act]
    answers: frozenset[str] = frozenset()
    """Addresses at which somebody answers."""
    heard: list[str] = field(default_factory=list)
    rang: list[str] = field(default_factory=list)
    verbs: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """Addresses that were asked for what comes next."""
    later: list[tuple[str, Fields]] = field(default_factory=list)
    _status: str = "ringing"

    @property
    def _fields(self) -> dict[str, str]:
        return {
            "CallSid": self.sid,
            "AccountSid": self.account,
            "From": self.caller,
            "To": self.number,
            "CallStatus": self._status,
            "ApiVersion": "2010-04-01",
            "Direction": "inbound",
        }

    async def run(self, url: str, parameters: Fields, reports: str | None) -> None:
        """From the first ring to the last report."""
        with suppress(_Over):
            await self._follow(url, parameters)
        self._status = "completed"
        if reports is not None:
            told = {"CallDuration": "30", "Duration": "1", "SequenceNumber": "0"}
            await self.report(reports, {**told, "CallbackSource": "call-progress-events"})
        for later, fields in self.later:
            await self.report(later, fields, whole=False)

    async def report(self, url: str, fields: Fields, *, whole: bool = True) -> None:
        base = self._fields if whole else {"CallSid": self.sid, "AccountSid": self.account}
        await self.exchange.told(urldefrag(url).url, {**base, **fields})

    async def _follow(self, url: str, fields: Fields) -> None:
        wanted: tuple[str, Fields] | None = (url, fields)
        for _ in range(MOST_REQUESTS):
            if wanted is None:
                return
            document = await self._ask(*wanted)
            self._status = "in-progress"
            wanted = await self._perform(document)
        raise RuntimeError("the call never ends")

    async def _ask(self, url: str, fields: Fields) -> ET.Element:
        self.asked.append(url)
        answer = await self.exchange.told(url, {**self._fields, **fields})
        document = ET.fromstring(answer)  # noqa: S314 - what our own hub answered
        if document.tag != "Response":
            raise ValueError("not TwiML")
        return document

    async def _perform(self, document: ET.Element) -> tuple[str, Fields] | None:
        """Verb after verb; where one leads to, or None at the end."""
        for verb in document:
            self.verbs.append(verb.tag)
            if led := await VERBS[verb.tag](self, verb):
                return led
        return None

    def act(self) -> Act:
        if not self.acts:
            raise _Over
        act = self.acts.pop(0)
        if isinstance(act, HangUp):
            raise _Over
        return act

    # --- verbs ------------------------------------------------------------------------------------------------------

    async def say(self, verb: ET.Element) -> None:
        self.heard.append(verb.text or "")

    async def rest(self, verb: ET.Element) -> None:
        """A pause, or music."""

    async def redirect(self, verb: ET.Element) -> tuple[str, Fields]:
        return verb.text or "", {}

    async def hangup(self, _: ET.Element) -> None:
        raise _Over

    async def leave(self, _: ET.Element) -> None:
        raise _Left

    async def gather(self, verb: ET.Element) -> tuple[str, Fields] | None:
        self.heard += [each.text or "" for each in verb if each.tag == "Say"]
        match self.act():
            case Press(digits=digits):
                return verb.attrib["action"], {"Digits": digits}
            case Speak(words=words):
                return verb.attrib["action"], {"SpeechResult": words, "Confidence": "0.9"}
        return (verb.attrib["action"], {}) if verb.get("actionOnEmptyResult") == "true" else None

    async def record(self, verb: ET.Element) -> tuple[str, Fields] | None:
        act = self.act()
        if not isinstance(act, Leave):
            return None
        sid, url = self.exchange.recorded(act.words)
        file = {"RecordingSid": sid, "RecordingUrl": url, "RecordingDuration": str(act.seconds)}
        told = {**file, "RecordingStatus": "completed", "RecordingChannels": "1", "RecordingSource": "RecordVerb"}
        if self.exchange.records:
            self.later.append((verb.attrib["recordingStatusCallback"], told))
        if self.exchange.transcribes and verb.get("transcribe") == "true":
            words = {"TranscriptionSid": self.exchange.new_sid("TR"), "TranscriptionText": act.words}
            said = {**words, "TranscriptionStatus": "completed", "RecordingSid": sid, "RecordingUrl": url}
            self.later.append((verb.attrib["transcribeCallback"], said))
        fields = file if self.exchange.records else {}
        if not act.hangs_up:
            return verb.attrib["action"], {**fields, "Digits": "#"}
        self._status = "completed"
        await self.report(verb.attrib["action"], {**fields, "Digits": "hangup"})
        raise _Over

    async def dial(self, verb: ET.Element) -> tuple[str, Fields] | None:
        answered = False
        if (room := verb.find("Conference")) is not None:
            return await stay(self, verb, room)
        for noun in verb:
            identity = noun.find("Identity")
            address = f"client:{identity.text}" if identity is not None else noun.text or ""
            self.rang.append(address)
            if address in self.answers and not answered:
                answered = True
                leg = {"CallSid": self.exchange.new_sid("CA"), "ParentCallSid": self.sid, "To": address}
                told = {**leg, "CallStatus": "in-progress", "Direction": "outbound-dial"}
                await self.report(noun.attrib["statusCallback"], told)
        if self.acts and isinstance(self.acts[0], HangUp):
            raise _Over
        status = "completed" if answered else "no-answer"
        return (verb.attrib["action"], {"DialCallStatus": status}) if "action" in verb.attrib else None

    async def enqueue(self, verb: ET.Element) -> tuple[str, Fields] | None:
        queue = {"QueueSid": self.exchange.new_sid("QU")}
        waited, result = 0, "hangup"
        try:
            while True:
                told = {**queue, "QueuePosition": "2", "AvgQueueTime": "90", "QueueTime": str(waited)}
                await self._wait(verb.attrib["waitUrl"], told)
                act = self.act()
                if isinstance(act, Taken):
                    result = "bridged"
                    break
                waited += act.seconds if isinstance(act, Wait) else 0
        except _Left:
            result = "leave"
        except _Over:
            self._status = "completed"
            await self.report(verb.attrib["action"], {**queue, "QueueResult": result})
            raise
        return verb.attrib["action"], {**queue, "QueueResult": result, "QueueTime": str(waited)}

    async def _wait(self, url: str, told: Fields) -> None:
        """One round of what is heard in the queue, up to where it begins anew."""
        for verb in await self._ask(url, told):
            self.verbs.append(verb.tag)
            if verb.tag == "Redirect" and "held=" not in (verb.text or ""):
                return
            if led := await VERBS[verb.tag](self, verb):
                await self._wait(led[0], told)
                return


async def stay(line: Line, verb: ET.Element, noun: ET.Element) -> tuple[str, Fields] | None:
    """In a room, until it is closed or the caller hangs up."""
    name = noun.text or ""
    room, agents = line.exchange.rooms.entered(name, line.sid), dict[str, str]()
    line.rang.append(name)
    if "statusCallback" not in noun.attrib:  # an agent's own call; the caller's has the reports
        return None

    async def report(event: str, call: str, **label: str) -> None:
        told = {"ConferenceSid": room.sid, "FriendlyName": name, "StatusCallbackEvent": event, "CallSid": call}
        await line.exchange.told(urldefrag(noun.attrib["statusCallback"]).url, {**told, **label})

    await report("participant-join", line.sid)
    try:
        while not (agents and len(room.inside) <= 1):
            match line.act():
                case Joins(agent=agent):
                    agents[agent] = line.exchange.new_sid("CA")
                    room.inside.append(agents[agent])
                    await report("participant-join", agents[agent], ParticipantLabel=agent)
                case Leaves(agent=agent):
                    room.inside.remove(agents[agent])
                    await report("participant-leave", agents[agent], ParticipantLabel=agent)
        async with asyncio.timeout(CLOSES_WITHIN):
            while room.is_open:  # noqa: ASYNC110 - closed by another thread
                await asyncio.sleep(0.01)
    finally:
        room.is_open = False
        if "recordingStatusCallback" in noun.attrib and agents:
            sid, url = line.exchange.recorded("all that was said")
            told = {"ConferenceSid": room.sid, "RecordingSid": sid, "RecordingUrl": url, "RecordingDuration": "60"}
            await line.exchange.told(
                urldefrag(noun.attrib["recordingStatusCallback"]).url, {**told, "RecordingStatus": "completed"}
            )
    return verb.attrib["action"], {"DialCallStatus": "answered"}


Verb = Callable[[Line, ET.Element], Awaitable[tuple[str, Fields] | None]]
VERBS: Final[dict[str, Verb]] = {
    "Say": Line.say,
    "Pause": Line.rest,
    "Play": Line.rest,
    "Redirect": Line.redirect,
    "Hangup": Line.hangup,
    "Leave": Line.leave,
    "Gather": Line.gather,
    "Record": Line.record,
    "Dial": Line.dial,
    "Enqueue": Line.enqueue,
}
