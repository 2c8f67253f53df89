"""Twilio's calls over loopback: `python -m connectors.channels.twilio_voice.simulator` runs it alone.

It checks credentials, takes calls, refuses what Twilio refuses, keeps the webhooks of the number and the application,
gives out recordings by way of another origin, and places whole calls (`dial_in`): signed, by the TwiML it is answered.
"""

import argparse
import base64
import itertools
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from secrets import token_hex
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl, urldefrag, urlencode, urlsplit

import aiohttp

from connectors.channels.twilio_voice.simulated import Act, Fields, Line, script
from connectors.channels.twilio_voice.wire import MOST_TWIML
from connectors.families.twilio.access import NUMBER
from connectors.families.twilio.api import API
from connectors.families.twilio.signature import FORM, HEADER, sign
from connectors.kit.request import Request
from connectors.kit.secret import Secret
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply, WireRequest, run

SIGNATURE: Final = "X-Twilio-Signature"
VERSION: Final = "2010-04-01"
PATH: Final = re.compile(rf"/{VERSION}/Accounts/(?P<account>[^/.]+)(?P<rest>.*)")
HELD: Final = "/held/"
"""Where recordings really are: at another origin."""
NUMBER_SID: Final = "PN00000000000000000000000000000001"
CALLER: Final = "+447700900222"
CODES: Final[Mapping[int, tuple[int, str]]] = {
    20001: (400, "Bad request"),
    20003: (401, "Authenticate"),
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "An internal server error has occurred"),
    21211: (400, "The 'To' number is not a valid phone number."),
    21212: (400, "The 'From' number is not a valid phone number."),
    21215: (400, "Account not authorized to call this number."),
}
"""HTTP status and words, by code."""
Deliver = Callable[[WireRequest], Awaitable[tuple[int, bytes]]]


def failure(code: int, **headers: str) -> Reply:
    """An answer of the API's own form."""
    status, words = CODES[code]
    more = f"https://www.twilio.com/docs/errors/{code}"
    return Reply.json({"code": code, "message": words, "more_info": more, "status": status}, status, **headers)


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: failure(20429, retry_after="3"),
        Failure.SERVER_ERROR: failure(20500),
        Failure.UNAUTHORIZED: failure(20003),
        Failure.UNREACHABLE: failure(21211),
        Failure.REFUSED: failure(20001),
    }
    LACKS: ClassVar[Mapping[Failure, str]] = {Failure.BLOCKED: "nobody shuts calls out by Twilio; they do not answer"}
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = {
        "signature dropped": mutate.header_dropped(SIGNATURE),
        "signature emptied": mutate.header_emptied(SIGNATURE),
        "signature changed": mutate.header_flipped(SIGNATURE),
        "signature cut": mutate.header_cut(SIGNATURE),
        "another connector": mutate.path_changed,
        "octet changed": mutate.body_flipped,
        "octet added": mutate.body_extended,
        "field added": mutate.form_field_added("Forged", "yes"),
        **{f"{name} changed": mutate.form_field_changed(name) for name in ("From", "To", "CallSid", "CallStatus")},
        **{f"{name} changed": mutate.form_field_changed(name) for name in ("Digits", "RecordingUrl", "SpeechResult")},
        **{f"{name} dropped": mutate.form_field_dropped(name) for name in ("From", "Digits")},
        **{f"{name} of the query changed": mutate.query_field_changed(name) for name in ("on", "at", "caller", "n")},
        "token changed": mutate.query_field_changed("token"),
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
        self.recordings: dict[str, bytes] = {}
        self.processed = True
        """Whether recordings can be had yet."""
        self.records = self.transcribes = True
        """Whether recordings, and transcripts, ever arrive."""
        self.answered: list[tuple[str, int]] = []
        """What the hub answered, by address."""
        self.deliver: Deliver = self._over_http
        self._numbers = itertools.count(1)

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "media_origin": self.held}

    @property
    def held(self) -> str:
        return self.url.replace("127.0.0.1", "localhost")

    def new_sid(self, prefix: str) -> str:
        return f"{prefix}{next(self._numbers):032x}"

    # --- the provider's side of a webhook -----------------------------------------------------------------------------

    def genuine(self, payload: bytes) -> WireRequest:
        about = "?on=transcript&" + urlencode({"caller": CALLER}) if b"TranscriptionText=" in payload else ""
        return self.signed(self.hub_url + about, parse_qsl(payload.decode(), keep_blank_values=True))

    def message(self, text: str = "hi", sender: str = CALLER) -> bytes:
        """The transcript of a message somebody left: the only words that come by telephone."""
        sid = {"CallSid": f"CA{token_hex(16)}", "TranscriptionSid": f"TR{token_hex(16)}", "From": sender}
        return urlencode({**sid, "TranscriptionStatus": "completed", "TranscriptionText": text}).encode()

    def signed(self, url: str, fields: Sequence[tuple[str, str]]) -> WireRequest:
        url = urldefrag(url).url
        signature = sign(Secret(self.config["auth_token"]), url, fields)
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return WireRequest("POST", path, {"content-type": FORM, HEADER: signature}, urlencode(fields).encode())

    async def post(self, url: str, fields: Fields) -> bytes:
        status, body = await self.deliver(self.signed(url, list(fields.items())))
        self.answered.append((url, status))
        return body

    async def _over_http(self, wire: WireRequest) -> tuple[int, bytes]:
        at = urlsplit(self.hub_url)
        url = f"{at.scheme}://{at.netloc}{wire.path}"
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as session,
            session.post(url, data=wire.body, headers=wire.headers) as answer,
        ):
            return answer.status, await answer.read()

    async def dial_in(
        self, *acts: Act, caller: str = CALLER, answers: Sequence[str] = (), reports: bool = True, **parameters: str
    ) -> Line:
        """A whole call, from its first ring to the last report. `parameters` are an app's own."""
        sid = f"CA{token_hex(16)}"
        line = Line(self, sid, self.account, caller, self.number, list(acts), frozenset(answers))
        url = self.kept.get("VoiceUrl") or self.hub_url
        status = self.kept.get("StatusCallback") or f"{self.hub_url}?on=status"
        await line.run(url, parameters, status if reports else None)
        return line

    def recorded(self, words: str) -> tuple[str, str]:
        sid = f"RE{token_hex(16)}"
        self.recordings[sid] = words.encode()
        return sid, f"{API}/{VERSION}/Accounts/{self.account}/Recordings/{sid}"

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

    async def answer(self, request: WireRequest) -> Reply:
        path = urlsplit(request.path).path
        if path.startswith(HELD):  # whoever knows the address may fetch; a password has no business here
            return self._file(path.removeprefix(HELD))
        if not self._admitted(request.headers.get("authorization", "")):
            return failure(20003)
        found = PATH.fullmatch(path)
        if found is None or found["account"] != self.account:
            return failure(20404)
        return self._account(request, found["rest"])

    def _admitted(self, header: str) -> bool:
        known = {(self.config["account_sid"], self.config["auth_token"])}
        if self.config.get("key_sid"):
            known.add((self.config["key_sid"], self.config["key_secret"]))
        return header in {"Basic " + base64.b64encode(f"{user}:{word}".encode()).decode() for user, word in known}

    def _account(self, request: WireRequest, rest: str) -> Reply:
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        if rest == ".json":
            return Reply.json({"friendly_name": "Example Ltd", "status": "active", "type": "Full"})
        if rest == "/Calls.json":
            return self._create(form)
        if rest.startswith("/Recordings/"):
            sid = rest.removeprefix("/Recordings/")
            if not self.processed:
                return failure(20404)
            return Reply(307, headers={"location": f"{self.held}{HELD}{sid}"})
        if rest == "/IncomingPhoneNumbers.json":
            wanted = dict(parse_qsl(urlsplit(request.path).query)).get("PhoneNumber")
            return Reply.json({"incoming_phone_numbers": [self._number()] if wanted == self.number else []})
        if rest == f"/IncomingPhoneNumbers/{NUMBER_SID}.json":
            self.kept |= form
            return Reply.json(self._number())
        if rest == f"/Applications/{self.config.get('application_sid')}.json":
            self.application |= form
            return Reply.json({"sid": self.config["application_sid"], "friendly_name": "In-app calls"})
        return failure(20404)

    def _create(self, form: dict[str, str]) -> Reply:
        to = form.get("To", "")
        if not (NUMBER.fullmatch(to) or to.startswith("client:")):
            return failure(21211)
        if form.get("From") != self.number:
            return failure(21212)
        if not form.get("Twiml") or len(form["Twiml"]) > MOST_TWIML:
            return failure(20001)
        sid = self.new_sid("CA")
        self.calls[sid] = form
        return Reply.json({"sid": sid, "status": "queued", "to": to, "from": self.number}, 201)

    def _number(self) -> dict[str, Any]:
        told = {"voice_url": self.kept.get("VoiceUrl"), "status_callback": self.kept.get("StatusCallback")}
        able = {"capabilities": {"voice": True}}
        return {"sid": NUMBER_SID, "friendly_name": "Support", "voice_method": "POST", **told, **able}

    def _file(self, name: str) -> Reply:
        content = self.recordings.get(name.partition(".")[0])
        return Reply(200, content, {"content-type": "audio/mpeg"}) if content is not None else Reply(404)


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
