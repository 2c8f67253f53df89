"""SMS through AWS End User Messaging: messages in and events through topics at SNS, messages out by its API.

Source: docs.aws.amazon.com/sms-voice, the description of the service in botocore (read 2026-11). Does not serve MMS,
RCS, voice, and raw delivery of SNS.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

import msgspec

from connectors.channels.aws_sms.config import Config as SenderConfig
from connectors.channels.aws_sms.parse import CARRIER, NUMBER, parse
from connectors.channels.aws_sms.refusals import Told, told
from connectors.families.aws import notified, sns
from connectors.families.aws.sigv4 import signed
from connectors.families.aws.topics import Topics
from connectors.kit.base import Account, Info, Outbound, Plugin, Registration, Sent, Settles, Tools
from connectors.kit.config import PluginConfig
from connectors.kit.errors import Misconfigured, OutcomeUnknown, Refused, Unreachable
from connectors.kit.keys import Keyring
from connectors.kit.request import Request
from normalizer.capability import Capability, SegmentLimit, TextLimit
from normalizer.errors import ErrorCode
from normalizer.inbound import Inbound

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

CAPABILITY: Final = Capability(
    text=TextLimit(most=1600, unit="utf16"),
    segments=SegmentLimit(most=10),
    inbound=frozenset({"message_received", "status_changed", "consent_changed"}),
)
TARGET: Final = "PinpointSMSVoiceV2."
JSON: Final = "application/x-amz-json-1.0"


class AwsSms(Plugin[SenderConfig]):
    info: ClassVar[Info] = Info(
        name="aws_sms",
        channel="sms",
        scheme="tel",
        capability=CAPABILITY,
        settles=Settles.CALLBACK,
        summary="SMS through AWS End User Messaging",
    )
    Config = SenderConfig

    def __init__(self, config: SenderConfig, tools: Tools) -> None:
        super().__init__(config, tools)
        self._certificates: Keyring[RSAPublicKey] = Keyring()

    @classmethod
    def trusted_origins(cls, config: PluginConfig) -> Sequence[str]:
        assert isinstance(config, SenderConfig)
        return [base for base in (config.api_base, config.sns_base) if base]

    def verify(self, request: Request) -> None:
        sns.check(request.body, self.config.topic_arns, self._certificates)

    async def fetch_key(self, name: str) -> bytes:
        return await notified.certificate(name, self.config, self.tools)

    def keep_key(self, name: str, octets: bytes) -> None:
        self._certificates.put(name, sns.read_certificate(octets))

    def parse(self, request: Request) -> Sequence[Inbound]:
        return parse(request, keywords=self.config.keywords)

    def awaits(self, inbound: Inbound) -> bool:
        return notified.awaits(inbound)

    async def confirm(self, inbound: Inbound) -> None:
        await notified.confirm(inbound, self.config, self.tools)

    async def send(self, outbound: Outbound) -> Sent:
        config, number = self.config, outbound.address.value
        if not NUMBER.fullmatch(number):
            raise Unreachable("no number in E.164", code=ErrorCode.INVALID_ADDRESS)
        said: dict[str, Any] = {
            "DestinationPhoneNumber": number,
            "OriginationIdentity": config.sender,
            "MessageBody": outbound.payload.text,
            "MessageType": config.message_type,
            "Context": {CARRIER: outbound.token},
        }
        said |= {"ConfigurationSetName": config.configuration_set} if config.configuration_set else {}
        said |= {"TimeToLive": config.time_to_live} if config.time_to_live else {}
        made = await self._ask("SendTextMessage", said)
        if not made.message_id:
            raise OutcomeUnknown("an answer that names no message", code=ErrorCode.PROVIDER_DOWN)
        return Sent((made.message_id,))

    async def check(self) -> Account:
        try:
            found = await self._ask("DescribeAccountAttributes", {}, reads=True)
        except Refused as error:
            raise Misconfigured(error.detail, code=error.code, provider_code=error.provider_code) from None
        tier = next((one.value for one in found.account_attributes if one.name == "ACCOUNT_TIER"), "unknown")
        return Account(name=self.config.sender, details={"region": self.config.region, "tier": tier})

    async def register(self, url: str) -> Registration:
        return await Topics(self.config, self.tools).subscribe(url)

    async def registration(self) -> Registration:
        return await Topics(self.config, self.tools).registration(self.tools.webhook_url)

    async def unregister(self) -> Registration:
        return await Topics(self.config, self.tools).unsubscribe(self.tools.webhook_url)

    async def _ask(self, action: str, said: dict[str, Any], *, reads: bool = False) -> Told:
        config, url, body = self.config, f"{self.config.api}/", msgspec.json.encode(said)
        headers = signed(
            "POST",
            url,
            body,
            self.tools.now(),
            region=config.region,
            service="sms-voice",
            access_key_id=config.access_key_id,
            secret_access_key=config.secret_access_key,
            session_token=config.session_token,
            told={"content-type": JSON, "x-amz-target": TARGET + action},
        )
        answer = await self.tools.http.request(
            "POST", url, headers=headers, body=body, seconds=config.send_seconds, reads=reads
        )
        return told(answer, config.rate_pause, reads=reads)
