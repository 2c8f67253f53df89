"""Twilio's WhatsApp over loopback: `python -m connectors.channels.twilio_whatsapp.simulator` runs it alone.

It checks credentials, takes messages, refuses what Twilio refuses, lists what came in, keeps the sender's webhook,
shows that somebody writes, and gives out files by way of another origin.
"""

import argparse
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256
from secrets import token_hex
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from connectors.channels.twilio_whatsapp.capability import TEXT
from connectors.channels.twilio_whatsapp.people import PREFIX
from connectors.families.twilio.access import NUMBER
from connectors.families.twilio.api import API, CONTENT, MESSAGING
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
from connectors.kit.testing.simulator import HUB_URL, Failure, Reply, WireRequest, run
from normalizer.split import fits

MEDIA: Final = re.compile(r"/Messages/(?P<message>\w+)/Media(?:/(?P<file>\w+))?(?:\.json)?")
SENDERS, TYPING = "/v2/Channels/Senders", "/v2/Indicators/Typing.json"
CONTENTS: Final = "/v1/ContentAndApprovals"
SENDER_SID: Final = "XE00000000000000000000000000000001"
CUSTOMER: Final = "+447700900222"


TEMPLATES: Final = (
    ("hello", "en", "approved", {"twilio/text": {"body": "Hello from the shop!"}}),
    (
        *("parcel", "en", "approved"),
        {
            "twilio/text": {"body": "Your parcel left."},
            "whatsapp/card": {
                "header_text": "Order {{3}}",
                "body": "Dear {{2}}, your parcel {{1}} left.",
                "actions": [{"type": "URL", "title": "Where is it?", "url": "https://shop.example.com/{{4}}"}],
            },
        },
    ),
    (
        "code",
        "en",
        "approved",
        {"whatsapp/authentication": {"actions": [{"copy_code_text": "Copy"}]}},
    ),
    ("winter", "de", "rejected", {"twilio/text": {"body": "Alles muss raus"}}),
)


def content(name: str, language: str, status: str | None, types: dict[str, Any]) -> dict[str, Any]:
    """A content as the list has it, with WhatsApp's word; it is of the last of its types."""
    sid = "HX" + sha256(f"{name} {language}".encode()).hexdigest()[:32]
    approval = {"name": name, "status": status, "content_type": list(types)[-1], "category": "UTILITY"}
    approval |= {"rejection_reason": "INVALID_FORMAT" if status == "rejected" else ""}
    told = {"sid": sid, "friendly_name": f"{name} for {language}", "language": language, "variables": {}}
    return {**told, "types": types, "approval_requests": approval if status else {}}


class Simulator(TwilioSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = failures(blocked=21610, refused=21617)
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = forgeries(
        changed=("From", "To", "Body", "MessageSid", "MessageStatus", "MediaUrl0", "Latitude"),
        dropped=("From", "Body", "ButtonPayload"),
    )

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
        self.shown: list[dict[str, str]] = []
        """Signs that somebody writes."""
        self.webhook: dict[str, Any] = {"status_callback_url": None}
        """What is kept with the sender."""
        self.contents = [content(*each) for each in TEMPLATES]
        self._taken = 0

    # --- the provider's side of a webhook -----------------------------------------------------------------------------

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

    def asked(self, request: WireRequest, rest: str) -> Reply:
        if rest == "/Messages.json":
            return self._create(form_of(request)) if request.method == "POST" else self._list(request)
        if named := MEDIA.fullmatch(rest):
            return self._media(named["message"], named["file"])
        raise Fault(20404)

    def beside(self, request: WireRequest, path: str) -> Reply:
        if path == TYPING:
            return self._show(form_of(request))
        if path == CONTENTS:
            return self._contents(query_of(request))
        if path == SENDERS:
            return self._senders(query_of(request))
        if path == f"{SENDERS}/{SENDER_SID}" and request.method == "POST":
            self.webhook = json.loads(request.body)["webhook"]
            return Reply.json(self._sender(), 202)
        raise Fault(20404)

    def _contents(self, query: dict[str, str]) -> Reply:
        """Two a page."""
        page = int(query.get("Page", "0"))
        more = f"{CONTENT}{CONTENTS}?{urlencode({**query, 'Page': page + 1})}"
        shown, last = self.contents[2 * page : 2 * page + 2], 2 * page + 2 >= len(self.contents)
        meta = {"key": "contents", "page": page, "next_page_url": None if last else more}
        return Reply.json({"contents": shown, "meta": meta})

    def _show(self, form: dict[str, str]) -> Reply:
        if form.get("channel") != "whatsapp" or not form.get("messageId", "").startswith(("SM", "MM")):
            raise Fault(20001)
        self.shown.append(form)
        return Reply.json({"success": True})

    def _senders(self, query: dict[str, str]) -> Reply:
        """Another's, and on the next page ours."""
        if query.get("Channel") != "whatsapp":
            raise Fault(20001)
        if "PageToken" in query:
            return Reply.json({"senders": [self._sender()], "meta": {"key": "senders", "next_page_url": None}})
        other = {"sid": "XE2", "sender_id": "whatsapp:+15005550006", "status": "OFFLINE", "webhook": None}
        more = f"{MESSAGING}{SENDERS}?{urlencode({**query, 'PageToken': 'more'})}"
        return Reply.json({"senders": [other], "meta": {"key": "senders", "next_page_url": more}})

    def _sender(self) -> dict[str, Any]:
        return {"sid": SENDER_SID, "sender_id": self.number, "status": "ONLINE", "webhook": self.webhook}

    def given_out(self, name: str) -> tuple[str, bytes] | None:
        _, media_type, content = self.files.get(name, ("", "", b""))
        return (media_type, content) if media_type else None

    def _create(self, form: dict[str, str]) -> Reply:
        to = form.get("To", "")
        if not to.startswith(PREFIX) or not (NUMBER.fullmatch(to.removeprefix(PREFIX)) or "." in to):
            raise Fault(21211)
        if form.get("From") != self.number:
            raise Fault(63007)
        if "ContentSid" in form:
            self._check_template(form)
        elif not form.get("Body") and not form.get("MediaUrl"):
            raise Fault(21619)
        if not fits(form.get("Body", ""), TEXT):
            raise Fault(21617)
        self._taken += 1
        sid = f"SM{self._taken:032x}"
        self.sent[sid] = form
        return Reply.json({"sid": sid, "status": "queued", "error_code": None}, 201)

    def _check_template(self, form: dict[str, str]) -> None:
        if not any(one["sid"] == form["ContentSid"] for one in self.contents):
            raise Fault(21655)
        values = json.loads(form.get("ContentVariables", "{}")).values()
        if not all(value and not set(value) & {"\n", "\t"} for value in values):
            raise Fault(21656)

    def _list(self, request: WireRequest) -> Reply:
        to = query_of(request).get("To")
        return Reply.json({"messages": [one for one in self.came if one["to"] == to], "next_page_uri": None})

    def _media(self, message: str, file: str | None) -> Reply:
        if file is not None:
            if file not in self.files:
                raise Fault(20404)
            return self.redirected(file)
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
