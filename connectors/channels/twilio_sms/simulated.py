"""The account behind the simulated API: its messages, senders and files, and what it refuses.

Twilio's own test numbers are refused as there. Source: twilio.com/docs/iam/test-credentials (read 2026-11).
"""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from secrets import token_hex
from typing import Any, Final

from connectors.channels.twilio_sms.capability import ALBUM, TEXT
from connectors.channels.twilio_sms.config import NAME, SHORT_CODE
from connectors.channels.twilio_sms.consent import KEYWORDS
from connectors.families.twilio.access import NUMBER
from connectors.families.twilio.api import API
from connectors.families.twilio.simulated import VERSION, Fault
from normalizer.model import ConsentState
from normalizer.split import fits

RECIPIENTS: Final[Mapping[str, int]] = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
SENDERS: Final[Mapping[str, int]] = {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}
_URL: Final = re.compile(r"https?://[^\s_/]+(?:/\S*)?")

Form = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class File:
    sid: str
    media_type: str
    content: bytes


@dataclass
class Message:
    """One of the account's messages, as it now stands."""

    sid: str
    direction: str
    sender: str
    to: str
    body: str
    status: str
    at: datetime
    service: str | None = None
    callback: str | None = None
    media: tuple[str, ...] = ()
    """Addresses, of what was sent."""
    files: tuple[File, ...] = ()
    """Of what was received."""
    error: int | None = None


@dataclass
class Account:
    """Everything the simulated account has; `sender` is its number, short code, or name."""

    sid: str
    sender: str
    service: str | None
    messages: dict[str, Message] = field(default_factory=dict)
    """By SID, oldest first."""
    opted_out: set[str] = field(default_factory=set)
    webhook: str = ""
    files: dict[str, File] = field(default_factory=dict)
    status: str = "active"
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    """Of the messages sent."""

    def create(self, form: Form) -> Message:
        """Takes a message. Raises Fault."""
        given = dict(reversed(form))
        media = tuple(value for name, value in form if name == "MediaUrl")
        self._check(given, media)
        message = Message(
            sid=self._new_sid("MM" if media else "SM"),
            direction="outbound-api",
            sender=given.get("From", self.sender),
            to=given["To"],
            body=given.get("Body", ""),
            status="accepted" if "MessagingServiceSid" in given else "queued",
            at=datetime.now(UTC),
            service=given.get("MessagingServiceSid"),
            callback=given.get("StatusCallback"),
            media=media,
        )
        self.messages[message.sid] = message
        return message

    def receive(self, sender: str, body: str, files: Sequence[tuple[str, bytes]] = ()) -> Message:
        """Somebody writes to us; files by media type. STOP and START are obeyed."""
        if not any(kind.fullmatch(sender) for kind in (NUMBER, SHORT_CODE, NAME)):
            raise ValueError(f"a sender is E.164, a short code or a name, as {sender!r} is not")
        # Names of its own, for what another run received must not be taken for the same message.
        sid = ("MM" if files else "SM") + token_hex(16)
        kept = tuple(File(f"ME{token_hex(16)}", media_type, content) for media_type, content in files)
        self.files |= {file.sid: file for file in kept}
        at = datetime.now(UTC)
        message = Message(sid, "inbound", sender, self.sender, body, "received", at, self.service, files=kept)
        self.messages[sid] = message
        match KEYWORDS.get(body.strip().upper()):
            case ConsentState.OPTED_OUT:
                self.opted_out.add(sender)
            case ConsentState.OPTED_IN:
                self.opted_out.discard(sender)
        return message

    def listed(self, query: Mapping[str, str]) -> dict[str, Any]:
        """A page of the messages, the newest first."""
        since, to = query.get("DateSent>", ""), query.get("To")
        found = [
            message
            for message in sorted(self.messages.values(), key=lambda each: each.at, reverse=True)
            if to in (None, message.to) and message.at.strftime("%Y-%m-%dT%H:%M:%SZ") >= since
        ]
        size, page = int(query.get("PageSize", "50")), int(query.get("Page", "0"))
        shown = found[page * size : (page + 1) * size]
        return {"messages": [self.told(message) for message in shown], "more": len(found) > (page + 1) * size}

    def told(self, message: Message) -> dict[str, Any]:
        """A message as the API tells of it."""
        at = format_datetime(message.at)
        uri = f"/{VERSION}/Accounts/{self.sid}/Messages/{message.sid}"
        return {
            "sid": message.sid,
            "account_sid": self.sid,
            "messaging_service_sid": message.service,
            "from": None if message.service and message.direction != "inbound" else message.sender,
            "to": message.to,
            "body": message.body,
            "status": message.status,
            "direction": message.direction,
            "num_segments": "1",
            "num_media": str(len(message.media) + len(message.files)),
            "error_code": message.error,
            "error_message": None,
            "date_created": at,
            "date_sent": at if message.direction == "inbound" else None,
            "date_updated": at,
            "price": None,
            "price_unit": "USD",
            "api_version": VERSION,
            "uri": f"{uri}.json",
            "subresource_uris": {"media": f"{uri}/Media.json"},
        }

    def media_of(self, sid: str) -> dict[str, Any]:
        """The files of a message. Raises Fault."""
        message = self.messages.get(sid)
        if message is None:
            raise Fault(20404)
        uri = f"/{VERSION}/Accounts/{self.sid}/Messages/{sid}/Media"
        files = [
            {"sid": file.sid, "parent_sid": sid, "content_type": file.media_type, "uri": f"{uri}/{file.sid}.json"}
            for file in message.files
        ]
        return {"media_list": files, "next_page_uri": None}

    def webhook_of(self, message: Message) -> list[tuple[str, str]]:
        """What the webhook of a received message says."""
        base = f"{API}/{VERSION}/Accounts/{self.sid}/Messages/{message.sid}/Media"
        files = [
            pair
            for n, file in enumerate(message.files)
            for pair in ((f"MediaContentType{n}", file.media_type), (f"MediaUrl{n}", f"{base}/{file.sid}"))
        ]
        names = [(name, message.sid) for name in ("SmsMessageSid", "SmsSid", "MessageSid")]
        service = [("MessagingServiceSid", message.service)] if message.service else []
        told = {
            "NumMedia": str(len(message.files)),
            "SmsStatus": "received",
            "Body": message.body,
            "To": message.to,
            "NumSegments": "1",
            "AccountSid": self.sid,
            "From": message.sender,
            "ApiVersion": VERSION,
        }
        return [*names, *service, *told.items(), *files]

    def _new_sid(self, prefix: str) -> str:
        return f"{prefix}{next(self.numbers):032x}"

    def _check(self, given: Mapping[str, str], media: Sequence[str]) -> None:
        """Raises Fault for what Twilio would not take."""
        to, sender = given.get("To", ""), given.get("From", "")
        callback = given.get("StatusCallback")
        wrong = {
            21604: not to,
            21603: not sender and "MessagingServiceSid" not in given,
            21606: bool(sender) and sender != self.sender and sender not in SENDERS,
            21703: given.get("MessagingServiceSid", self.service) != self.service,
            21619: not given.get("Body") and not media,
            21617: not fits(given.get("Body", ""), TEXT),
            21623: len(media) > ALBUM,
            21620: not all(map(_URL.fullmatch, media)),
            21609: callback is not None and not _URL.fullmatch(callback),
            21211: not NUMBER.fullmatch(to),
            21610: to in self.opted_out,
        }
        found = [code for code, is_wrong in wrong.items() if is_wrong]
        found += [code for code in (SENDERS.get(sender), RECIPIENTS.get(to)) if code is not None]
        if found:
            raise Fault(found[0])
