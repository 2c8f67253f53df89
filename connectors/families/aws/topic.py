"""A topic at SNS, and what a plugin's settings say of those it has."""

import re
from typing import Final, Protocol

import msgspec

from connectors.kit.secret import Secret

REGION: Final = "[a-z]{2}(?:-[a-z]+)+-[0-9]"
_ARN: Final = re.compile(rf"arn:aws(-cn|-us-gov)?:sns:({REGION}):[0-9]{{12}}:[A-Za-z0-9_-]{{1,256}}")


class Topic(msgspec.Struct, frozen=True):
    """A topic at SNS, by its name."""

    arn: str
    region: str
    domain: str

    @property
    def home(self) -> str:
        """SNS itself, for this topic."""
        return f"https://sns.{self.region}.{self.domain}"


class Subscriber(Protocol):
    """Settings by which topics are subscribed to and heard."""

    @property
    def access_key_id(self) -> str: ...
    @property
    def secret_access_key(self) -> Secret: ...
    @property
    def session_token(self) -> Secret | None: ...
    @property
    def topic_arns(self) -> tuple[str, ...]: ...
    @property
    def sns_base(self) -> str | None: ...
    @property
    def send_seconds(self) -> float: ...


def topic(arn: str) -> Topic | None:
    found = _ARN.fullmatch(arn)
    if found is None:
        return None
    return Topic(arn, found[2], "amazonaws.com.cn" if found[1] == "-cn" else "amazonaws.com")
