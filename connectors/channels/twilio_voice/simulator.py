"""Twilio's calls over loopback: `python -m connectors.channels.twilio_voice.simulator` runs it alone.

It checks credentials, takes calls, refuses what Twilio refuses, keeps the webhooks of the number and the application,
gives out recordings by way of another origin, and places whole calls (`dial_in`): signed, by the TwiML it is answered.
"""

import argparse
import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from secrets import token_hex
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from connectors.channels.twilio_voice.acts import Act, script
from connectors.channels.twilio_voice.simulated import Fields, Line
from connectors.channels.twilio_voice.simulated_rooms import Rooms
from connectors.channels.twilio_voice.wire import MOST_TWIML
from connectors.families.twilio.access import NUMBER
from connectors.families.twilio.api import API
from connectors.families.twilio.simulated import (
    VERSION,
    Fault,
    TwilioSimulator,
    failures,
    forgeries,
    form_of,
    query_of,
)
from connectors.kit.request import Request
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import HUB_URL, Failure, Reply, WireRequest, run

ASKED: Final = ("on", "at", "caller", "call", "n")
"""Fields of the addresses that the hub hands out."""
NUMBER_SID: Final = "PN00000000000000000000000000000001"
CALLER: Final = "+447700900222"
Deliver = Callable[[WireRequest], Awaitable[tuple[int, bytes]]]


class Simulator(TwilioSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = failures(refused=20001)
    LACKS: ClassVar[Mapping[Failure, str]] = {Failure.BLOCKED: "nobody shuts calls out by Twilio; they do not answer"}
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = {
        **forgeries(
            changed=("From", "To", "CallSid", "CallStatus", "Digits", "RecordingUrl", "SpeechResult"),
            dropped=("From", "Digits"),
        ),
        **{f"{name} of the query changed": mutate.query_field_changed(name) for name in ASKED},
    }

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self.account: str = self.config["account_sid"]
        self.number: str = self.config["number"]
        self.kept: dict[str, str] = {}
        """The webhooks of the number, as they were set."""
        self.application: dict[str, str] = {}
        self.calls: dict[str, dict[str, str]] = {}
        """Those made by us, by SID."""
        self.listed: list[dict[str, Any]] = []
        """What came in, the newest first."""
        self.recordings: dict[str, bytes] = {}
        self.rooms = Rooms()
        self.page = 50
        """Calls on a page of the list."""
        self.processed = True
        """Whether recordings can be had yet."""
        self.records = self.transcribes = True
        """Whether recordings, and transcripts, ever arrive."""
        self.answered: list[tuple[str, int]] = []
        """What the hub answered, by address."""
        self.deliver: Deliver = self._over_http
        self._numbers = itertools.count(1)

    def new_sid(self, prefix: str) -> str:
        return f"{prefix}{next(self._numbers):032x}"

    # --- the provider's side of a webhook -----------------------------------------------------------------------------

    def genuine(self, payload: bytes) -> WireRequest:
        about = "?on=transcript&" + urlencode({"caller": CALLER}) if b"TranscriptionText=" in payload else ""
        return self.signed_body(self.hub_url + about, payload)

    def message(self, text: str = "hi", sender: str = CALLER) -> bytes:
        """The transcript of a message somebody left: the only words that come by telephone."""
        sid = {"CallSid": f"CA{token_hex(16)}", "TranscriptionSid": f"TR{token_hex(16)}", "From": sender}
        return urlencode({**sid, "TranscriptionStatus": "completed", "TranscriptionText": text}).encode()

    async def told(self, url: str, fields: Fields) -> bytes:
        """What the hub answers to a form at one of its addresses."""
        status, body = await self.deliver(self.signed(url, list(fields.items())))
        self.answered.append((url, status))
        return body

    async def _over_http(self, wire: WireRequest) -> tuple[int, bytes]:
        return await self.post(self.hub_url, wire)

    async def dial_in(
        self, *acts: Act, caller: str = CALLER, answers: Sequence[str] = (), reports: bool = True, **parameters: str
    ) -> Line:
        """A whole call, from its first ring to the last report. `parameters` are an app's own."""
        sid = f"CA{token_hex(16)}"
        line = Line(self, sid, self.account, caller, self.number, list(acts), frozenset(answers))
        url = self.kept.get("VoiceUrl") or self.hub_url
        status = self.kept.get("StatusCallback") or f"{self.hub_url}?on=status"
        await line.run(url, parameters, status if reports else None)
        self.rang(sid, caller, ago=0)
        return line

    def rang(self, sid: str = "", caller: str = CALLER, ago: float = 120, status: str = "completed") -> str:
        """Lists a call that ended so many seconds ago, heard by the hub or not; its SID."""
        ended = datetime.now(UTC) - timedelta(seconds=ago)
        told = {"sid": sid or f"CA{token_hex(16)}", "from": caller, "to": self.number, "status": status}
        told |= {"direction": "inbound", "start_time": format_datetime(ended - timedelta(seconds=30))}
        over = {"end_time": format_datetime(ended), "duration": "30"} if status == "completed" else {}
        self.listed.insert(0, {**told, **over})
        return told["sid"]

    def recorded(self, words: str) -> tuple[str, str]:
        sid = f"RE{token_hex(16)}"
        self.recordings[sid] = words.encode()
        return sid, f"{API}/{VERSION}/Accounts/{self.account}/Recordings/{sid}"

    def report_recording(self, sid: str, words: str = "what was said") -> WireRequest:
        """What Twilio posts to the RecordingStatusCallback of a call of ours. Raises LookupError."""
        recording, url = self.recorded(words)
        told = {"CallSid": sid, "AccountSid": self.account, "RecordingSid": recording, "RecordingUrl": url}
        told |= {"RecordingStatus": "completed", "RecordingDuration": "7", "RecordingSource": "OutboundAPI"}
        return self.signed(self.calls[sid]["RecordingStatusCallback"], list(told.items()))

    def report(self, sid: str, status: str, order: int) -> WireRequest:
        """What Twilio posts to the StatusCallback of a call of ours."""
        call = self.calls[sid]
        told = {"CallSid": sid, "AccountSid": self.account, "From": call["From"], "To": call["To"]}
        told |= {"CallStatus": status, "Direction": "outbound-api", "SequenceNumber": str(order)}
        told |= {"Timestamp": f"Sat, 21 Nov 2026 10:00:{order:02d} +0000", "CallbackSource": "call-progress-events"}
        if status == "completed":
            told["CallDuration"] = "7"
        return self.signed(call["StatusCallback"], list(told.items()))

    # --- the API ------------------------------------------------------------------------------------------------------

    def is_send(self, request: WireRequest) -> bool:
        return request.method == "POST" and request.path.endswith("/Calls.json")

    def asked(self, request: WireRequest, rest: str) -> Reply:
        form = form_of(request)
        if rest == "/Calls.json":
            return self._create(form) if request.method == "POST" else self._list(query_of(request))
        if rest.startswith("/Conferences"):
            return self.rooms.asked(rest.removeprefix("/Conferences"), query_of(request), form)
        if rest.startswith("/Recordings/"):
            if not self.processed:
                raise Fault(20404)
            return self.redirected(rest.removeprefix("/Recordings/"))
        if rest == "/IncomingPhoneNumbers.json":
            wanted = query_of(request).get("PhoneNumber")
            return Reply.json({"incoming_phone_numbers": [self._number()] if wanted == self.number else []})
        if rest == f"/IncomingPhoneNumbers/{NUMBER_SID}.json":
            self.kept |= form
            return Reply.json(self._number())
        if rest == f"/Applications/{self.config.get('application_sid')}.json":
            self.application |= form
            return Reply.json({"sid": self.config["application_sid"], "friendly_name": "In-app calls"})
        raise Fault(20404)

    def given_out(self, name: str) -> tuple[str, bytes] | None:
        content = self.recordings.get(name.partition(".")[0])
        return ("audio/mpeg", content) if content is not None else None

    def _create(self, form: dict[str, str]) -> Reply:
        to = form.get("To", "")
        if not (NUMBER.fullmatch(to) or to.startswith("client:")):
            raise Fault(21211)
        if form.get("From") != self.number:
            raise Fault(21212)
        if not form.get("Twiml") or len(form["Twiml"]) > MOST_TWIML:
            raise Fault(20001)
        sid = self.new_sid("CA")
        self.calls[sid] = form
        return Reply.json({"sid": sid, "status": "queued", "to": to, "from": self.number}, 201)

    def _list(self, query: dict[str, str]) -> Reply:
        """A page of those that began, or ended, since then."""
        field, since = next((name[:-1], told) for name, told in query.items() if name in ("StartTime>", "EndTime>"))
        times = {"StartTime": "start_time", "EndTime": "end_time"}
        found = [
            one
            for one in self.listed
            if one["to"] == query.get("To")
            and (at := one.get(times[field]))
            and parsedate_to_datetime(at).strftime("%Y-%m-%dT%H:%M:%SZ") >= since
        ]
        page, size = int(query.get("Page", "0")), self.page
        shown, more = found[page * size : (page + 1) * size], len(found) > (page + 1) * size
        following = urlencode({**query, "Page": page + 1})
        uri = f"/{VERSION}/Accounts/{self.account}/Calls.json?{following}"
        return Reply.json({"calls": shown, "next_page_uri": uri if more else None})

    def _number(self) -> dict[str, Any]:
        told = {"voice_url": self.kept.get("VoiceUrl"), "status_callback": self.kept.get("StatusCallback")}
        able = {"capabilities": {"voice": True}}
        return {"sid": NUMBER_SID, "friendly_name": "Support", "voice_method": "POST", **told, **able}


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="Twilio's calls over loopback.")
    wanted.add_argument("--account-sid", default="AC00000000000000000000000000000001")
    wanted.add_argument("--auth-token", default="simulator-token")
    wanted.add_argument("--number", default="+15005550006")
    wanted.add_argument(
        "--hub", help="the connector's address; with it one call is made, and the acts are its caller's"
    )
    wanted.add_argument("acts", nargs="*", help='such as "press 1" "say orders" silence "leave call me" "hang up"')
    told = wanted.parse_args()
    simulator = Simulator(
        {"account_sid": told.account_sid, "auth_token": told.auth_token, "number": told.number}, told.hub or HUB_URL
    )
    if told.hub is None:
        run(simulator)
    else:
        import asyncio
        import sys

        made = asyncio.run(simulator.dial_in(*script(told.acts)))
        sys.stdout.write("\n".join(made.heard) + "\n")
