"""Twilio's WhatsApp over loopback: `python -m connectors.channels.twilio_whatsapp.simulator` runs it alone.

It checks credentials, takes messages, refuses what Twilio refuses, lists what came in, and gives out files by way of
another origin.
"""

import argparse
import base64
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from secrets import token_hex
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl, urldefrag, urlencode, urlsplit

from connectors.channels.twilio_whatsapp.capability import TEXT
from connectors.channels.twilio_whatsapp.people import PREFIX
from connectors.families.twilio.access import NUMBER
from connectors.families.twilio.api import API
from connectors.families.twilio.signature import FORM, HEADER, sign
from connectors.kit.request import Request
from connectors.kit.secret import Secret
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply, WireRequest, run
from normalizer.split import fits

SIGNATURE: Final = "X-Twilio-Signature"
VERSION: Final = "2010-04-01"
PATH: Final = re.compile(rf"/{VERSION}/Accounts/(?P<account>[^/.]+)(?P<rest>.*)")
MEDIA: Final = re.compile(r"/Messages/(?P<message>\w+)/Media(?:/(?P<file>\w+))?(?:\.json)?")
HELD: Final = "/held/"
"""Where files really are: at another origin."""
CUSTOMER: Final = "+447700900222"
CODES: Final[Mapping[int, tuple[int, str]]] = {
    20003: (401, "Authenticate"),
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "An internal server error has occurred"),
    21211: (400, "The 'To' number is not a valid phone number."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit."),
    21619: (400, "A text message body or media urls must be specified."),
    63007: (400, "Twilio could not find a Channel with the specified From address"),
}
"""HTTP status and words, by code."""


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
        Failure.BLOCKED: failure(21610),
        Failure.UNREACHABLE: failure(21211),
        Failure.REFUSED: failure(21617),
    }
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = {
        "signature dropped": mutate.header_dropped(SIGNATURE),
        "signature emptied": mutate.header_emptied(SIGNATURE),
        "signature changed": mutate.header_flipped(SIGNATURE),
        "signature cut": mutate.header_cut(SIGNATURE),
        "another connector": mutate.path_changed,
        "octet changed": mutate.body_flipped,
        "octet added": mutate.body_extended,
        "field added": mutate.form_field_added("Forged", "yes"),
        **{f"{name} changed": mutate.form_field_changed(name) for name in ("From", "To", "Body", "MessageSid")},
        **{f"{name} changed": mutate.form_field_changed(name) for name in ("MessageStatus", "MediaUrl0", "Latitude")},
        **{f"{name} dropped": mutate.form_field_dropped(name) for name in ("From", "Body", "ButtonPayload")},
        "token changed": mutate.query_field_changed("token"),
    }

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self.account: str = self.config["account_sid"]
        self.number: str = PREFIX + self.config["number"]
        self.sent: dict[str, dict[str, str]] = {}
        """What was taken, by SID."""
        self.came: list[dict[str, str]] = []
        """What customers wrote, as the list has it, the newest first."""
        self.files: dict[str, tuple[str, str, bytes]] = {}
        """Message, media type and octets, by SID."""
        self._taken = 0

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "media_origin": self.held}

    @property
    def held(self) -> str:
        return self.url.replace("127.0.0.1", "localhost")

    # --- the provider's side of a webhook -----------------------------------------------------------------------------

    def genuine(self, payload: bytes) -> WireRequest:
        return self.signed(self.hub_url, parse_qsl(payload.decode(), keep_blank_values=True))

    def message(self, text: str = "hi", sender: str = CUSTOMER, **fields: str) -> bytes:
        """The body of a webhook; `fields` as Twilio names them, such as `Latitude`."""
        sid = fields.pop("MessageSid", f"SM{token_hex(16)}")
        told = {"SmsMessageSid": sid, "NumMedia": "0", "ProfileName": "Mina", "SmsSid": sid, "SmsStatus": "received"}
        told |= {"WaId": sender.removeprefix("+"), "Body": text, "To": self.number, "NumSegments": "1"}
        told |= {"MessageSid": sid, "AccountSid": self.account, "From": PREFIX + sender, "ApiVersion": VERSION}
        told |= fields
        at = format_datetime(datetime.now(UTC))
        listed = {"sid": sid, "from": PREFIX + sender, "to": self.number, "body": text, "num_media": told["NumMedia"]}
        self.came.insert(0, {**listed, "direction": "inbound", "status": "received", "date_sent": at})
        return urlencode(told).encode()

    def file(self, content: bytes, media_type: str = "image/jpeg", text: str = "", sender: str = CUSTOMER) -> bytes:
        """The body of a webhook for a message with a file, which can be fetched."""
        message, sid = f"MM{token_hex(16)}", f"ME{token_hex(16)}"
        self.files[sid] = (message, media_type, content)
        url = f"{API}/{VERSION}/Accounts/{self.account}/Messages/{message}/Media/{sid}"
        fields = {"MessageSid": message, "NumMedia": "1", "MediaUrl0": url, "MediaContentType0": media_type}
        return self.message(text, sender, **fields)

    def signed(self, url: str, fields: Sequence[tuple[str, str]]) -> WireRequest:
        url = urldefrag(url).url
        signature = sign(Secret(self.config["auth_token"]), url, fields)
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return WireRequest("POST", path, {"content-type": FORM, HEADER: signature}, urlencode(fields).encode())

    def report(self, sid: str, status: str, error: int | None = None) -> WireRequest:
        """What Twilio posts to the StatusCallback of a message."""
        sent = self.sent[sid]
        told = {"SmsSid": sid, "SmsStatus": status, "MessageStatus": status, "ChannelPrefix": "whatsapp"}
        told |= {"MessageSid": sid, "AccountSid": self.account, "To": sent["To"], "From": self.number}
        told |= {"EventType": "READ"} if status == "read" else {}
        told |= {"ErrorCode": str(error)} if error is not None else {}
        return self.signed(sent["StatusCallback"], list(told.items()))

    # --- the API ------------------------------------------------------------------------------------------------------

    def is_send(self, request: WireRequest) -> bool:
        return request.method == "POST" and request.path.endswith("/Messages.json")

    async def answer(self, request: WireRequest) -> Reply:
        path = urlsplit(request.path).path
        if path.startswith(HELD):  # whoever knows the address may fetch; a password has no business here
            _, media_type, content = self.files.get(path.removeprefix(HELD), ("", "", b""))
            return Reply(200, content, {"content-type": media_type}) if media_type else Reply(404)
        if not self._admitted(request.headers.get("authorization", "")):
            return failure(20003)
        found = PATH.fullmatch(path)
        if found is None or found["account"] != self.account:
            return failure(20404)
        rest = found["rest"]
        if rest == ".json":
            return Reply.json({"friendly_name": "Example Ltd", "status": "active", "type": "Full"})
        if rest == "/Messages.json":
            return self._create(request) if request.method == "POST" else self._list(request)
        if named := MEDIA.fullmatch(rest):
            return self._media(named["message"], named["file"])
        return failure(20404)

    def _admitted(self, header: str) -> bool:
        known = {(self.config["account_sid"], self.config["auth_token"])}
        if self.config.get("key_sid"):
            known.add((self.config["key_sid"], self.config["key_secret"]))
        return header in {"Basic " + base64.b64encode(f"{user}:{word}".encode()).decode() for user, word in known}

    def _create(self, request: WireRequest) -> Reply:
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        to = form.get("To", "")
        if not to.startswith(PREFIX) or not (NUMBER.fullmatch(to.removeprefix(PREFIX)) or "." in to):
            return failure(21211)
        if form.get("From") != self.number:
            return failure(63007)
        if not form.get("Body") and not form.get("MediaUrl"):
            return failure(21619)
        if not fits(form.get("Body", ""), TEXT):
            return failure(21617)
        self._taken += 1
        sid = f"SM{self._taken:032x}"
        self.sent[sid] = form
        return Reply.json({"sid": sid, "status": "queued", "error_code": None}, 201)

    def _list(self, request: WireRequest) -> Reply:
        to = dict(parse_qsl(urlsplit(request.path).query)).get("To")
        return Reply.json({"messages": [one for one in self.came if one["to"] == to], "next_page_uri": None})

    def _media(self, message: str, file: str | None) -> Reply:
        if file is not None:
            return (
                Reply(307, headers={"location": f"{self.held}{HELD}{file}"}) if file in self.files else failure(20404)
            )
        uri = f"/{VERSION}/Accounts/{self.account}/Messages/{message}/Media"
        theirs = [(sid, kind) for sid, (of, kind, _) in self.files.items() if of == message]
        return Reply.json({"media_list": [{"uri": f"{uri}/{sid}.json", "content_type": kind} for sid, kind in theirs]})


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="Twilio's WhatsApp over loopback.")
    wanted.add_argument("--account-sid", default="AC00000000000000000000000000000001")
    wanted.add_argument("--auth-token", default="simulator-token")
    wanted.add_argument("--number", default="+15005550006")
    told = wanted.parse_args()
    run(Simulator({"account_sid": told.account_sid, "auth_token": told.auth_token, "number": told.number}))
