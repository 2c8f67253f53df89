"""One request of Twilio's, read: what it is about, where in the menus its caller is, and which address comes next.

Nothing of a call is kept here: where the caller is stands in the address Twilio is told to call next, whose query is
signed with the rest of it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import cached_property
from typing import Final
from urllib.parse import urlencode

from connectors.channels.twilio_voice.claims import KNOWN, MOST
from connectors.channels.twilio_voice.people import peer
from connectors.kit.errors import BadPayload
from connectors.kit.request import Request
from normalizer.inbound import Peer

SID: Final = re.compile(r"[A-Za-z0-9]{1,64}")
_NUMBER: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
CONTEXT: Final = ("entry", "page", "device", "os", "app_version", "order", "error_code", "location")
"""Custom parameters of an app's call, as `normalizer.context` names them."""
CARRIED: Final = (
    *("Digits", "SpeechResult", "DialCallStatus", "QueueResult", "RecordingUrl", "RecordingSid", "RecordingDuration"),
    *("queue", "room"),
    *CONTEXT,
    KNOWN,
)
"""What an address that is asked again must not lose: a redirection repeats none of it."""


class On(StrEnum):
    """What an address of ours is called for."""

    CALL = ""
    """A call comes in."""
    STEP = "step"
    MENU = "menu"
    DIAL = "dial"
    LEG = "leg"
    QUEUE = "queue"
    WAIT = "wait"
    BRIDGE = "bridge"
    ROOM = "room"
    PRESENT = "present"
    """Somebody came into the caller's room, or left it."""
    RECORD = "record"
    RECORDING = "recording"
    TRANSCRIPT = "transcript"
    STATUS = "status"


REPORTS: Final = frozenset({On.LEG, On.PRESENT, On.RECORDING, On.TRANSCRIPT, On.STATUS})
"""Told beside the call: nobody waits on the line for the answer."""


@dataclass(frozen=True)
class Asked:
    on: On
    fields: Mapping[str, str]
    query: Mapping[str, str]
    base: str
    """The connector's address, without a query."""
    at: datetime

    @property
    def call(self) -> str:
        """SID of the caller's call. Raises BadPayload."""
        sid = self.query.get("call") or self.fields.get("CallSid", "")  # reports on a room tell others', or none
        if self.on is On.LEG:
            sid = self.fields.get("ParentCallSid") or sid
        if not SID.fullmatch(sid):
            raise BadPayload("no CallSid")
        return sid

    @property
    def turn(self) -> int:
        """Which of the addresses handed out in this call it is."""
        return number(self.query.get("n")) or 0

    @property
    def tries(self) -> int:
        return number(self.query.get("try")) or 1

    @property
    def held(self) -> int:
        """How often it was asked again because the store was slow."""
        return number(self.query.get("held")) or 0

    @property
    def step(self) -> str:
        return self.query.get("at", "")

    @property
    def is_over(self) -> bool:
        """Whether the caller has hung up: nobody hears the answer."""
        return self.fields.get("CallStatus") == "completed"

    @property
    def caller(self) -> str:
        return self.query.get("caller") or self.fields.get("From", "")

    @property
    def attestation(self) -> str:
        return self.query.get("stir") or self.fields.get("StirVerstat", "")

    @cached_property
    def peer(self) -> Peer:
        """Raises BadPayload."""
        return peer(self.caller, self.call, self.attestation)

    @property
    def told_at(self) -> datetime:
        """When it happened: as Twilio says, else when it came."""
        try:
            at = parsedate_to_datetime(self.fields.get("Timestamp", ""))
            return at.astimezone(UTC) if at.tzinfo is not None else self.at
        except (ValueError, OverflowError):
            return self.at

    def next(self, on: On, step: str, **more: str) -> str:
        """An address for Twilio to call next."""
        told = {"on": str(on), "at": step, "n": str(self.turn + 1), "lang": self.query.get("lang", ""), **more}
        told |= {"caller": self.caller, "stir": self.attestation}
        return f"{self.base}?{urlencode({name: value for name, value in told.items() if value})}"

    def same(self) -> str:
        """The same address once more."""
        return f"{self.base}?{urlencode(self.query)}"

    def again(self) -> str:
        """The same address once more, with what came to it."""
        carried = {name: self.fields[name][:MOST] for name in CARRIED if self.fields.get(name)}
        told = {**self.query, **carried, "held": str(self.held + 1)}
        return f"{self.base}?{urlencode(told)}"


def read(request: Request) -> Asked:
    """Raises BadPayload."""
    if not request.body.isascii():  # a form writes everything else with percent signs
        raise BadPayload("not a form: octets beyond ASCII")
    query = dict(reversed(request.query))
    try:
        on = On(query.get("on", ""))
    except ValueError:
        raise BadPayload("an address that was not handed out") from None
    form = dict(reversed(request.query if request.method == "GET" else request.form))
    carried: dict[str, str] = {name: query[name] for name in CARRIED if name in query}
    return Asked(on, {**carried, **form}, query, request.url.partition("?")[0], request.received_at)


def number(text: str | None) -> int | None:
    return int(text) if text is not None and _NUMBER.fullmatch(text) else None
