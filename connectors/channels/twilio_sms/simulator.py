"""Twilio over loopback: `python -m connectors.channels.twilio_sms.simulator` runs it alone.

It checks credentials, takes messages and refuses what Twilio refuses, lists them, keeps the webhooks of numbers and
services, and gives out files by way of another origin. Webhooks it makes with `genuine`; reports it makes with `report`
and calls back with them when told to, in any order and as often as wanted.
"""

import argparse
import asyncio
import itertools
import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from time import time_ns
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp

from connectors.channels.twilio_sms.simulated import Account, Form, Message
from connectors.families.twilio.api import MESSAGING
from connectors.families.twilio.signature import BODY_HASH
from connectors.families.twilio.simulated import (
    VERSION,
    Fault,
    TwilioSimulator,
    failure,
    failures,
    forgeries,
    query_of,
)
from connectors.kit.request import Request
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import HUB_URL, Failure, Reply, WireRequest, run

FILE: Final = re.compile(r"/Messages/[^/]+/Media/(?P<sid>\w+)")
MEDIA: Final = re.compile(r"/Messages/(?P<sid>\w+)/Media\.json")
SERVICE: Final = re.compile(rf"{re.escape(urlsplit(f'{MESSAGING}/v1/Services').path)}/(?P<sid>\w+)(?P<rest>.*)")
NUMBER_SID, CODE_SID = "PN00000000000000000000000000000001", "SC00000000000000000000000000000001"


class Simulator(TwilioSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = failures(blocked=21610, refused=21617)
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = {
        **forgeries(
            changed=(
                *("From", "To", "Body", "MessageSid", "MessageStatus", "ErrorCode", "OptOutType"),
                *("NumMedia", "MediaUrl0"),
            ),
            dropped=("From", "Body", "MessageStatus"),
        ),
        "hash of the body changed": mutate.query_field_changed(BODY_HASH),
        "field of the query changed": mutate.query_field_changed("From"),
    }

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        service = self.config.get("messaging_service_sid")
        self.account = Account(self.config["account_sid"], self.config.get("sender") or "+15005550006", service)
        self.calls_back: Sequence[str] = ()
        """The statuses reported, in this order, of every message taken from now on."""
        self.heard: list[int] = []
        """What the hub answered to reports."""
        self._refusals: deque[Reply] = deque()
        self._reports: set[asyncio.Task[None]] = set()

    @property
    def standing(self) -> str:
        return self.account.status

    def refuse(self, code: int, **headers: str) -> None:
        """The next send is answered with this code of Twilio's. From any thread."""
        self._refusals.append(failure(code, **headers))

    # --- the provider's side of a webhook -----------------------------------------------------------------------------

    def message(self, text: str = "hi", sender: str = "+447700900222") -> bytes:
        return urlencode(self.account.webhook_of(self.account.receive(sender, text))).encode()

    def picture(self, content: bytes, text: str = "", sender: str = "+447700900222") -> bytes:
        """The body of a genuine webhook for a message with a picture, which can be fetched."""
        received = self.account.receive(sender, text, [("image/jpeg", content)])
        return urlencode(self.account.webhook_of(received)).encode()

    def genuine_json(self, payload: bytes) -> WireRequest:
        """A webhook whose body is signed by its hash."""
        told = urlencode({BODY_HASH: sha256(payload).hexdigest()})
        url = f"{self.hub_url}{'&' if urlsplit(self.hub_url).query else '?'}{told}"
        return self.signed_body(url, payload, "application/json")

    def report(self, sid: str, status: str, error: int | None = None) -> WireRequest:
        """What Twilio posts to the StatusCallback of a message. Raises LookupError where there is none."""
        message = self.account.messages[sid]
        if message.callback is None:
            raise LookupError(f"{sid} has no StatusCallback")
        message.status, message.error = status, error
        told = {"SmsSid": sid, "SmsStatus": status, "MessageStatus": status, "To": message.to, "MessageSid": sid}
        told |= {"AccountSid": self.account.sid, "From": message.sender, "ApiVersion": VERSION}
        code = {"ErrorCode": str(error)} if error is not None else {}
        return self.signed(message.callback, list({**told, **code}.items()))

    def call_back(self, sid: str, *statuses: str, error: int | None = None) -> list[int]:
        """Posts these reports to the hub, one after the other, and returns what it answered. From any thread but the
        hub's own. Raises LookupError."""
        if self._loop is None:
            raise RuntimeError("the simulator does not run")
        return asyncio.run_coroutine_threadsafe(self._call_back(sid, statuses, error), self._loop).result()

    async def _call_back(self, sid: str, statuses: Sequence[str], error: int | None = None) -> list[int]:
        url, heard = self.account.messages[sid].callback or "", []
        for status in statuses:
            answered, _ = await self.post(url, self.report(sid, status, error))
            heard.append(answered)
            self.heard.append(answered)
        return heard

    # --- the API ------------------------------------------------------------------------------------------------------

    def is_send(self, request: WireRequest) -> bool:
        return request.method == "POST" and request.path.endswith("/Messages.json")

    def asked(self, request: WireRequest, rest: str) -> Reply:
        query, form = query_of(request), _form(request)
        if found := FILE.fullmatch(rest):
            return self.redirected(found["sid"])
        if found := MEDIA.fullmatch(rest):
            return Reply.json(self.account.media_of(found["sid"]))
        rest = rest.removesuffix(".json")
        if rest == "/Messages":
            return self._create(form) if request.method == "POST" else self._list(query)
        if rest in ("/IncomingPhoneNumbers", "/SMS/ShortCodes"):
            key = "incoming_phone_numbers" if rest.startswith("/Incoming") else "short_codes"
            wanted = query.get("PhoneNumber") or query.get("ShortCode")
            return Reply.json({key: [self._number()] if wanted == self.account.sender else []})
        if rest in (f"/IncomingPhoneNumbers/{NUMBER_SID}", f"/SMS/ShortCodes/{CODE_SID}"):
            self.account.webhook = dict(form).get("SmsUrl", self.account.webhook)
            return Reply.json(self._number())
        raise Fault(20404)

    def beside(self, request: WireRequest, path: str) -> Reply:
        found = SERVICE.fullmatch(path)
        if found is None:
            raise Fault(20404)
        return self._service(found["sid"], found["rest"], _form(request))

    def given_out(self, name: str) -> tuple[str, bytes] | None:
        file = self.account.files.get(name)
        return (file.media_type, file.content) if file is not None else None

    def _create(self, form: Form) -> Reply:
        if self._refusals:
            return self._refusals.popleft()
        message = self.account.create(form)
        told = self.account.told(message)
        if self.calls_back and message.callback is not None:
            task = asyncio.get_running_loop().create_task(self._reported(message))
            self._reports.add(task)
            task.add_done_callback(self._reports.discard)
        return Reply.json(told, 201)

    async def _reported(self, message: Message) -> None:
        with suppress(aiohttp.ClientError, TimeoutError):  # nobody hears it, and Twilio does not mind
            await self._call_back(message.sid, self.calls_back)

    def _list(self, query: dict[str, str]) -> Reply:
        told = self.account.listed(query)
        page = {**query, "Page": str(int(query.get("Page", "0")) + 1)}
        uri = f"/{VERSION}/Accounts/{self.account.sid}/Messages.json?{urlencode(page)}"
        return Reply.json({"messages": told["messages"], "next_page_uri": uri if told["more"] else None})

    def _number(self) -> dict[str, Any]:
        sid = NUMBER_SID if self.account.sender.startswith("+") else CODE_SID
        able = {"sms": True, "mms": bool(self.config.get("mms", True))}
        told = {"sid": sid, "friendly_name": "Support", "sms_url": self.account.webhook, "sms_method": "POST"}
        return {**told, "capabilities": able}

    def _service(self, sid: str, rest: str, form: Form) -> Reply:
        if sid != self.account.service:
            raise Fault(20404)
        members: dict[str, dict[str, Any]] = {
            "/PhoneNumbers": {"phone_numbers": [{"phone_number": self.account.sender}]},
            "/ShortCodes": {"short_codes": []},
        }
        if rest in members:
            return Reply.json({**members[rest], "meta": {"next_page_url": None}})
        self.account.webhook = dict(form).get("InboundRequestUrl", self.account.webhook)
        told = {"sid": sid, "friendly_name": "Support pool", "use_inbound_webhook_on_number": False}
        return Reply.json({**told, "inbound_request_url": self.account.webhook or None, "inbound_method": "POST"})


def _form(request: WireRequest) -> Form:
    return parse_qsl(request.body.decode(), keep_blank_values=True)


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="Twilio's messaging API over loopback.")
    wanted.add_argument("--account-sid", default="AC00000000000000000000000000000001")
    wanted.add_argument("--auth-token", default="simulator-token")
    wanted.add_argument("--sender", default="+15005550006")
    wanted.add_argument("--calls-back", default="", help="statuses to report of each message, such as delivered,sent")
    told = wanted.parse_args()
    simulator = Simulator({"account_sid": told.account_sid, "auth_token": told.auth_token, "sender": told.sender})
    # Numbered from the time, so that what another run took is not the same message.
    simulator.account.numbers = itertools.count(time_ns())
    simulator.calls_back = [status for status in told.calls_back.split(",") if status]
    run(simulator)
