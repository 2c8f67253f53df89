"""What an operator sets for a sender at AWS End User Messaging SMS."""

import re
from typing import Annotated, Final, Literal

import msgspec

from connectors.families.aws.topic import REGION, topic
from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret

_ADDRESS: Final = re.compile(r"https?://[^/?#\s]+")


class Config(PluginConfig, frozen=True, kw_only=True):
    """One origination identity, told of through topics at SNS."""

    region: Annotated[str, msgspec.Meta(pattern=f"^{REGION}$")]
    """Of the origination identity, such as `eu-west-1`."""
    access_key_id: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9]{4,128}$")]
    """Of a user or role that may `sms-voice:SendTextMessage`; to check, `sms-voice:DescribeAccountAttributes`."""
    secret_access_key: Secret
    session_token: Secret | None = None
    """Beside credentials that pass."""
    sender: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_:/+-]{1,256}$")]
    """The origination identity: a number, a sender's name, a pool, or the ARN of one of them."""
    message_type: Literal["TRANSACTIONAL", "PROMOTIONAL"] = "TRANSACTIONAL"
    configuration_set: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_:/-]{1,256}$")] | None = None
    """By which messages leave, so that their events are published."""
    time_to_live: Annotated[int, msgspec.Meta(ge=5, le=259200)] | None = None
    """Seconds after which AWS tries no more."""
    topic_arns: tuple[str, ...] = ()
    """Topics whose notifications are taken, of messages that came and of what became of what left."""
    keywords: bool = True
    """Whether STOP and its like are read as consent; AWS acts upon them too, unless opt-outs are self-managed."""
    api_base: str | None = None
    """The API elsewhere than at `https://sms-voice.<region>.amazonaws.com`, such as a simulator."""
    sns_base: str | None = None
    """Where certificates and confirmations of SNS are asked for, instead of at SNS itself, such as a simulator."""
    rate_pause: Annotated[float, msgspec.Meta(gt=0, le=300)] = 1.0
    """How long the connector waits where AWS has had too many requests."""
    send_seconds: Annotated[float, msgspec.Meta(gt=0, le=110)] = 30.0

    def __post_init__(self) -> None:
        if not self.secret_access_key or not self.secret_access_key.reveal().isascii():
            raise ValueError("secret_access_key: it is made of ASCII characters")
        for arn in self.topic_arns:
            if topic(arn) is None:
                raise ValueError(f"topic_arns: {arn!r} is no topic at SNS")
        for name, base in (("api_base", self.api_base), ("sns_base", self.sns_base)):
            if base is not None and not _ADDRESS.fullmatch(base.rstrip("/")):
                raise ValueError(f"{name}: no http address")

    @property
    def api(self) -> str:
        return (self.api_base or f"https://sms-voice.{self.region}.amazonaws.com").rstrip("/")
