"""Four channels into one hub, and customers who write on them as the providers deliver it: again until it is taken."""

import asyncio
import json
import smtplib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from connectors.channels.chat.simulator import Simulator as Chat
from connectors.channels.twilio_sms.simulator import Simulator as Sms
from connectors.kit.fixtures import WireRequest
from gateway.settings import load
from tests.chat.talk import APP
from tests.end_to_end.hub_process import SECRET, HubProcess
from tests.end_to_end.mailing import SUPPORT, letter, take_mail

SMS = {
    "account_sid": "AC00000000000000000000000000000001",
    "auth_token": "token-of-no-real-account-at-all-1",
    "sender": "+447700900111",
}
PLENTY = {"messages_per_minute": 100_000, "sessions_per_minute": 100_000}
AGAIN = 0.02
"""Seconds until a provider comes again."""
MAILS = 8
"""Of so many messages one is a mail, whose sessions take longer."""
GIVEN_UP = 10.0


@dataclass(frozen=True)
class Refused:
    """What the hub said instead of success."""

    status: int
    retry_after: str | None


@dataclass
class Customer:
    """One person on one channel."""

    channel: str
    number: int
    acknowledged: list[str] = field(default_factory=list)
    refusals: list[Refused] = field(default_factory=list)

    def text(self, n: int) -> str:
        return f"{self.channel} {self.number} {n}"


class Channels:
    """The hub, its configuration, and how each channel's provider words a message."""

    def __init__(self, hub: HubProcess, store: str) -> None:
        self.hub = hub
        self.ports = take_mail(hub)
        self._sms = Sms(SMS, f"{hub.url}/in/sms")
        chat = {name: value for name, value in APP.items() if name != "plugin"}
        self._chat = Chat({**chat, **PLENTY}, f"{hub.url}/in/app")
        settings = self.settings()
        sms = {"plugin": "twilio_sms", **SMS, "api_base": "http://127.0.0.1:9"}
        settings["connectors"] |= {"sms": sms, "app": {**APP, **PLENTY}}
        self.configure(store=store, connectors=settings["connectors"])
        self._requests = {"telegram": self._telegram, "sms": self._texted, "chat": self._chatted}

    @property
    def store_url(self) -> str:
        """As the hub opens it."""
        return load(self.hub.config, {}).store

    def settings(self) -> dict[str, Any]:
        """The configuration as it stands."""
        return dict(json.loads(self.hub.config.read_text()))

    def configure(self, **settings: Any) -> None:
        """Changes the configuration of a hub that does not run."""
        self.hub.config.write_text(json.dumps({**self.settings(), **settings}))

    def request(self, customer: Customer, n: int) -> WireRequest:
        """What the provider posts of a customer's nth message; the same octets whenever it is posted again."""
        return self._requests[customer.channel](customer, customer.text(n), n)

    async def post(self, session: aiohttp.ClientSession, wire: WireRequest, url: str = "") -> Refused | None:
        """None: it was taken. Raises ClientError, TimeoutError."""
        target = (url or self.hub.url) + wire.path
        async with session.request(wire.method, target, data=wire.body, headers=wire.headers) as answer:
            await answer.read()
            if answer.status // 100 == 2:
                return None
            return Refused(answer.status, answer.headers.get("retry-after"))

    async def mail(self, customer: Customer, n: int) -> Refused | None:
        """None: it was taken. Raises OSError."""
        text = customer.text(n)
        return await asyncio.to_thread(self.hand_over, letter(text, text.replace(" ", "-")))

    def hand_over(self, content: bytes) -> Refused | None:
        """A mail, blocking. None: it was taken. Raises OSError."""
        try:
            with smtplib.SMTP("127.0.0.1", self.ports["smtp"], timeout=GIVEN_UP) as client:
                client.sendmail("mina@example.org", SUPPORT, content)
        except smtplib.SMTPResponseException as error:
            return Refused(error.smtp_code, None)
        except smtplib.SMTPException as error:
            raise OSError(str(error)) from error
        return None

    def _telegram(self, customer: Customer, text: str, n: int) -> WireRequest:
        id_ = 5000 + customer.number
        person = {"id": id_, "is_bot": False, "first_name": f"c{id_}"}
        said = {"message_id": n, "from": person, "chat": {"id": id_, "type": "private"}, "date": 1790000000}
        update = {"update_id": id_ * 1_000_000 + n, "message": {**said, "text": text}}
        headers = {"content-type": "application/json", "x-telegram-bot-api-secret-token": SECRET}
        return WireRequest("POST", "/in/support-telegram", headers, json.dumps(update).encode())

    def _texted(self, customer: Customer, text: str, _: int) -> WireRequest:
        return self._sms.genuine(self._sms.message(text, f"+4477009{customer.number:05d}"))

    def _chatted(self, customer: Customer, text: str, _: int) -> WireRequest:
        return self._chat.genuine(self._chat.message(text, f"user-{customer.number}"))


class Crowd:
    """Customers of all four channels who write at once, each in order, until each has written its share."""

    def __init__(self, channels: Channels, each: int, of: int = 4, pause: float = 0.0) -> None:
        """So many customers a channel, who write so many messages each."""
        self._channels = channels
        self._each = each
        self._pause = pause
        self.enough = asyncio.Event()
        """Ends it early: what is under way is still taken."""
        names = ("telegram", "sms", "chat", "mail")
        self.customers = [Customer(name, n) for name in names for n in range(1, of + 1)]

    async def write(self) -> None:
        async with asyncio.TaskGroup() as group:
            for customer in self.customers:
                group.create_task(self._mail(customer) if customer.channel == "mail" else self._post(customer))

    @property
    def acknowledged(self) -> list[str]:
        return [text for customer in self.customers for text in customer.acknowledged]

    @property
    def refusals(self) -> Sequence[Refused]:
        return [refused for customer in self.customers for refused in customer.refusals]

    def by_channel(self) -> Mapping[str, list[Refused]]:
        found: dict[str, list[Refused]] = {}
        for customer in self.customers:
            found.setdefault(customer.channel, []).extend(customer.refusals)
        return found

    async def _post(self, customer: Customer) -> None:
        timeout = aiohttp.ClientTimeout(total=GIVEN_UP)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            for n in range(1, self._each + 1):
                wire = self._channels.request(customer, n)
                await self._until_taken(customer, n, lambda wire=wire: self._channels.post(session, wire))
                if self.enough.is_set():
                    return

    async def _mail(self, customer: Customer) -> None:
        for n in range(1, max(self._each // MAILS, 1) + 1):
            await self._until_taken(customer, n, lambda n=n: self._channels.mail(customer, n))
            if self.enough.is_set():
                return

    async def _until_taken(self, customer: Customer, n: int, attempt: Any) -> None:
        while True:
            try:
                refused = await attempt()
            except (aiohttp.ClientError, OSError):  # it is dead, or died in the middle; TimeoutError is one of them
                pass
            else:
                if refused is None:
                    break
                customer.refusals.append(refused)
            await asyncio.sleep(AGAIN)
        customer.acknowledged.append(customer.text(n))
        await asyncio.sleep(self._pause)
