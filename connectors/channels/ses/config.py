"""What an operator sets for an identity at Amazon SES."""

import re
from typing import Annotated, Final

import msgspec

from connectors.families.aws.topic import REGION, topic
from connectors.families.mail.config import MailConfig
from connectors.kit.secret import Secret

_ADDRESS: Final = re.compile(r"https?://[^/?#\s]+")
FIRST_REGION: Final = "us-east-1"


class Config(MailConfig, frozen=True, kw_only=True):
    """One address, received by a receipt rule and sent as one identity, told of through topics at SNS."""

    region: Annotated[str, msgspec.Meta(pattern=f"^{REGION}$")]
    """Of SES, such as `eu-west-1`."""
    access_key_id: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9]{4,128}$")]
    """Of a user or role that may `ses:SendEmail` and `ses:SendRawEmail`; to check, also `ses:GetAccount`."""
    secret_access_key: Secret
    session_token: Secret | None = None
    """Beside credentials that pass."""
    topic_arns: tuple[str, ...] = ()
    """Topics whose notifications are taken, of mail that came and of what became of what left."""
    configuration_set: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_-]{1,64}$")] | None = None
    """By which mail leaves, so that its events are published."""
    buckets: tuple[Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")], ...] = ()
    """Of S3, into which receipt rules put mail that is too large for SNS; the user or role may `s3:GetObject` there."""
    s3_octets: Annotated[int, msgspec.Meta(gt=0, le=1 << 28)] = 50 << 20
    """The largest mail that is fetched from them."""
    api_base: str | None = None
    """SES elsewhere than at `https://email.<region>.amazonaws.com`, such as a simulator."""
    sns_base: str | None = None
    """Where certificates and confirmations of SNS are asked for, instead of at SNS itself, such as a simulator."""
    s3_base: str | None = None
    """Where buckets are asked for, by their names in the path, instead of at S3 itself, such as a simulator."""
    rate_pause: Annotated[float, msgspec.Meta(gt=0, le=300)] = 1.0
    """How long the connector waits where SES has had too many requests: its quota is one of each second."""
    send_seconds: Annotated[float, msgspec.Meta(gt=0, le=110)] = 60.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.secret_access_key or not self.secret_access_key.reveal().isascii():
            raise ValueError("secret_access_key: it is made of ASCII characters")
        for arn in self.topic_arns:
            if topic(arn) is None:
                raise ValueError(f"topic_arns: {arn!r} is no topic at SNS")
        for name, base in (("api_base", self.api_base), ("sns_base", self.sns_base), ("s3_base", self.s3_base)):
            if base is not None and not _ADDRESS.fullmatch(base.rstrip("/")):
                raise ValueError(f"{name}: no http address")

    @property
    def api(self) -> str:
        domain = "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        return (self.api_base or f"https://email.{self.region}.{domain}").rstrip("/")

    @property
    def mail_domain(self) -> str:
        """Of the Message-IDs that SES gives."""
        return "email.amazonses.com" if self.region == FIRST_REGION else f"{self.region}.amazonses.com"
