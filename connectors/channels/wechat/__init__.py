"""WeChat official accounts: the message interface in, messages of the customer service out.

Calls repeat, also in parallel, and come in any order. Of a message that was sent nothing is heard, unless it is a
template, so `accepted` is the last of it. Source: developers.weixin.qq.com/doc/offiaccount (read 2026-11). Does not
serve menus, articles, cards of mini programs, broadcasts, WeChat's own desk, third-party platforms or WeCom.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar, Final

from connectors.channels.wechat.access import access
from connectors.channels.wechat.api import Api
from connectors.channels.wechat.capability import CAPABILITY
from connectors.channels.wechat.config import Config as AccountConfig
from connectors.channels.wechat.envelope import said, verify
from connectors.channels.wechat.happening import SCHEME
from connectors.channels.wechat.parse import parse
from connectors.channels.wechat.passive import passive
from connectors.channels.wechat.templates import Template, Templates, filled, templates
from connectors.channels.wechat.templates import of as template_of
from connectors.channels.wechat.wire import file_of, media, text
from connectors.families.handshake import echo
from connectors.kit.base import ANSWERS, Account, Fetched, Info, Outbound, Outcome, Plugin, Sent, Settles
from connectors.kit.request import Request, Response
from normalizer.inbound import Address, Inbound
from normalizer.parts import TemplatePart

WORDS: Final = {"content-type": "text/plain; charset=utf-8"}
XML: Final = {"content-type": "application/xml; charset=utf-8"}


class WeChat(Plugin[AccountConfig]):
    info: ClassVar[Info] = Info(
        name="wechat",
        channel="wechat",
        scheme=SCHEME,
        capability=CAPABILITY,
        settles=Settles.NEVER,
        summary="WeChat official accounts",
    )
    Config = AccountConfig

    @cached_property
    def api(self) -> Api:
        return Api(self.tools.http, self.config, access(self.tools.http, self.config, self.tools.now))

    def verify(self, request: Request) -> None:
        verify(request, self.config)

    def parse(self, request: Request) -> Sequence[Inbound]:
        if request.method == "GET":
            return []  # the address is being set, and nothing is said
        return parse(said(request, self.config), request.body, positions=self.config.positions)

    def respond(self, request: Request, outcome: Outcome) -> Response:
        """Within five seconds, or the call is made again, and the person told that nobody is there."""
        if outcome is Outcome.OVERLOADED:
            return ANSWERS[outcome]
        if request.method == "GET":
            return Response(200, echo(request), WORDS)
        answer = passive(request, self.config)
        return Response(200, answer, XML if answer.startswith(b"<") else WORDS)

    @cached_property
    def templates(self) -> Templates:
        return templates(self._templates, self.tools.now)

    async def send(self, outbound: Outbound) -> Sent:
        """WeChat gives a message no name but a template's, so it goes by ours."""
        part = template_of(outbound)
        if part is not None:
            return await self._template(outbound, part)
        found = file_of(outbound)
        if found is None:
            body = text(outbound)
        else:
            kind, file = found
            body = media(outbound, kind, await self.api.upload(kind, file))
        await self.api.post("/cgi-bin/message/custom/send", body)
        return Sent((outbound.token,))

    async def _template(self, outbound: Outbound, part: TemplatePart) -> Sent:
        body = filled(outbound, part, (await self.templates.find(part.name)).places)
        made = await self.api.post("/cgi-bin/message/template/send", body)
        return Sent((str(made.msgid) if made.msgid else outbound.token,))

    async def _templates(self) -> list[Template]:
        return (await self.api.get("/cgi-bin/template/get_all_private_template")).template_list

    async def typing(self, address: Address, thread: str | None) -> None:  # noqa: ARG002 - part of the contract
        asked = {"touser": address.value, "command": "Typing"}
        await self.api.post("/cgi-bin/message/custom/typing", asked, reads=True)

    async def fetch(self, source: str) -> Fetched:
        return Fetched(self.api.file(source))

    async def check(self) -> Account:
        """Asks for the addresses WeChat calls from, which shows that token and address list are right."""
        found = await self.api.get("/cgi-bin/getcallbackip")
        return Account(name=self.config.app_id, details={"called_from": f"{len(found.ip_list)} addresses"})
