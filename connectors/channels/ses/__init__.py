"""E-mail through Amazon SES: mail in through topics at SNS or out of S3, events in, out as MIME by its API, version 2.

A subscription is confirmed where SNS asks for it genuinely, for a topic that is configured. Source:
docs.aws.amazon.com/ses, docs.aws.amazon.com/sns (read 2026-11). Does not serve templates, lists of contacts and raw
delivery of SNS.
"""

import asyncio
from base64 import b64encode
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

import msgspec

from connectors.channels.ses.config import Config as IdentityConfig
from connectors.channels.ses.parse import CARRIER, mail_of, parse, place_of, read_collected
from connectors.channels.ses.refusals import told
from connectors.channels.ses.s3 import mail_at
from connectors.families.aws import notified, sns
from connectors.families.aws.sigv4 import signed
from connectors.families.aws.topics import Topics
from connectors.families.mail.capability import CAPABILITY
from connectors.families.mail.compose import compose, mailbox, whole, written_at
from connectors.families.mail.parts import part_of
from connectors.families.mail.signing import compact
from connectors.kit.base import Account, Fetched, Info, Outbound, Plugin, Registration, Sent, Settles, Tools
from connectors.kit.collects import COLLECT, Collected
from connectors.kit.config import PluginConfig
from connectors.kit.errors import BadPayload, Misconfigured, OutcomeUnknown, Refused, Temporary
from connectors.kit.http import Answer
from connectors.kit.keys import Keyring
from connectors.kit.request import Request, decode
from normalizer.errors import ErrorCode
from normalizer.inbound import Inbound

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey


class Quota(msgspec.Struct, frozen=True, rename="pascal"):
    production_access_enabled: bool = False
    sending_enabled: bool = False


QUOTA = msgspec.json.Decoder(Quota)


class Ses(Plugin[IdentityConfig]):
    info: ClassVar[Info] = Info(
        name="ses",
        channel="email",
        scheme="mailto",
        capability=CAPABILITY,
        settles=Settles.CALLBACK,
        summary="E-mail, through Amazon SES",
    )
    Config = IdentityConfig

    def __init__(self, config: IdentityConfig, tools: Tools) -> None:
        super().__init__(config, tools)
        self._certificates: Keyring[RSAPublicKey] = Keyring()

    @classmethod
    def trusted_origins(cls, config: PluginConfig) -> Sequence[str]:
        assert isinstance(config, IdentityConfig)
        return [base for base in (config.api_base, config.sns_base, config.s3_base) if base]

    def verify(self, request: Request) -> None:
        if request.method == COLLECT and urlsplit(request.url).scheme == COLLECT.lower():
            return  # the hub fetched it, from where a notification that was verified says
        sns.check(request.body, self.config.topic_arns, self._certificates)

    async def fetch_key(self, name: str) -> bytes:
        """The certificate; `verify` made sure that its address is SNS's."""
        return await notified.certificate(name, self.config, self.tools)

    def keep_key(self, name: str, octets: bytes) -> None:
        self._certificates.put(name, sns.read_certificate(octets))

    def parse(self, request: Request) -> Sequence[Inbound]:
        if request.method == COLLECT:
            return read_collected(request, self.config)
        return parse(request, self.config)

    def elsewhere(self, request: Request) -> Collected | None:
        place = place_of(request.body, self.config)
        if place is None:
            return None
        return Collected(cursor=None, headers=place.known, chunks=mail_at(self.config, self.tools, place))

    def awaits(self, inbound: Inbound) -> bool:
        return notified.awaits(inbound)

    async def confirm(self, inbound: Inbound) -> None:
        await notified.confirm(inbound, self.config, self.tools)

    async def send(self, outbound: Outbound) -> Sent:
        config = self.config
        at = written_at(outbound.token, self.tools.now())
        letter = compose(outbound, config, config.signer(), at)
        octets = await asyncio.to_thread(whole, letter)
        said: dict[str, Any] = {
            "FromEmailAddress": mailbox(config.name, config.own),
            "Destination": {"ToAddresses": [letter.recipient]},
            "Content": {"Raw": {"Data": b64encode(octets).decode()}},
            "EmailTags": [{"Name": CARRIER, "Value": compact(outbound.token)}],
        }
        said |= {"ConfigurationSetName": config.configuration_set} if config.configuration_set else {}
        body = msgspec.json.encode(said)
        made = told(await self._ask("POST", "/v2/email/outbound-emails", body), config.rate_pause)
        if not made.message_id:
            raise OutcomeUnknown("an answer that names no message", code=ErrorCode.PROVIDER_DOWN)
        return Sent((f"{made.message_id}@{config.mail_domain}", letter.message_id))

    async def fetch(self, source: str) -> Fetched:
        return await part_of(self.tools, source, mail_of)

    async def check(self) -> Account:
        answer = await self._ask("GET", "/v2/email/account", b"", reads=True)
        try:
            told(answer, self.config.rate_pause, reads=True)
            quota = decode(answer.body, QUOTA)
        except Refused as error:
            raise Misconfigured(error.detail, code=error.code, provider_code=error.provider_code) from None
        except BadPayload as error:
            raise Temporary(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None
        if not quota.sending_enabled:
            raise Misconfigured("the account may not send mail for now")
        sandbox = "no" if quota.production_access_enabled else "yes"
        return Account(name=self.config.own, details={"region": self.config.region, "sandbox": sandbox})

    async def register(self, url: str) -> Registration:
        return await self._topics().subscribe(url)

    async def registration(self) -> Registration:
        return await self._topics().registration(self.tools.webhook_url)

    async def unregister(self) -> Registration:
        return await self._topics().unsubscribe(self.tools.webhook_url)

    def _topics(self) -> Topics:
        return Topics(self.config, self.tools)

    async def _ask(self, method: str, path: str, body: bytes, *, reads: bool = False) -> Answer:
        config, url = self.config, f"{self.config.api}{path}"
        headers = signed(
            method,
            url,
            body,
            self.tools.now(),
            region=config.region,
            service="ses",
            access_key_id=config.access_key_id,
            secret_access_key=config.secret_access_key,
            session_token=config.session_token,
        )
        return await self.tools.http.request(
            method, url, headers=headers, body=body, seconds=config.send_seconds, reads=reads
        )
