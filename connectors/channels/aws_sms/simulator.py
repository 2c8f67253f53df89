"""AWS End User Messaging SMS and SNS over loopback: `python -m connectors.channels.aws_sms.simulator` runs them."""

import argparse
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit
from uuid import NAMESPACE_URL, uuid4, uuid5

import msgspec

from connectors.channels.aws_sms import JSON, TARGET
from connectors.channels.aws_sms.config import Config
from connectors.families.aws import simulated_sns
from connectors.families.aws.simulated import CERTIFICATE
from connectors.families.aws.simulated_sns import ARN, CERTIFICATE_URL, PATH
from connectors.families.aws.sns import NOTIFICATION
from connectors.families.aws.subscribed import Subscribed
from connectors.families.aws.topics import FORM
from connectors.kit.config import configured
from connectors.kit.request import Request
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply, WireRequest, run


def failure(name: str, reason: str = "", status: int = 400) -> Reply:
    return Reply.json({"__type": name, "Message": f"{name}: {reason}", "Reason": reason}, status)


class Simulator(LoopbackSimulator):
    KEYS: ClassVar[Mapping[str, bytes]] = {CERTIFICATE_URL: CERTIFICATE}
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: failure("ThrottlingException"),
        Failure.SERVER_ERROR: failure("InternalServerException", status=500),
        Failure.UNAUTHORIZED: failure("UnrecognizedClientException"),
        Failure.REFUSED: failure("ValidationException", "DESTINATION_COUNTRY_BLOCKED"),
        Failure.BLOCKED: failure("ConflictException", "DESTINATION_PHONE_NUMBER_OPTED_OUT"),
        Failure.UNREACHABLE: failure("ConflictException", "DESTINATION_PHONE_NUMBER_NOT_VERIFIED"),
    }
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = simulated_sns.FORGERIES

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__({"topic_arns": [ARN], **config}, hub_url)
        self._read: Config = configured(Config, dict(self.config))
        self.sent: dict[str, dict[str, Any]] = {}
        """What was taken, by the name it was given."""
        self.subscribed = Subscribed()
        self.confirmed: list[str] = []
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "sns_base": self.url}

    def genuine(self, payload: bytes) -> WireRequest:
        return self.posted({"Type": NOTIFICATION, "Message": payload.decode(), "Subject": "AWS"})

    def subscription(self) -> WireRequest:
        return self.posted(simulated_sns.subscription(self._read.topic_arns[0]))

    def posted(self, fields: Mapping[str, str]) -> WireRequest:
        return simulated_sns.posted(fields, self._read.topic_arns[0], self.hub_url, self.clock())

    def message(self, text: str = "hi", sender: str = "+447700900222") -> bytes:
        said = {"originationNumber": sender, "destinationNumber": "+447700900111", "messageKeyword": "KEYWORD"}
        return msgspec.json.encode({**said, "messageBody": text, "inboundMessageId": str(uuid4())})

    def tells(self, kind: str) -> WireRequest:
        """An event of the last message sent, such as `TEXT_DELIVERED`. Raises LookupError."""
        id_, given = list(self.sent.items())[-1]
        at = int(self.clock().timestamp() * 1000)
        about = {"messageId": id_, "destinationPhoneNumber": given["DestinationPhoneNumber"]}
        event = {"eventType": kind, "eventVersion": "1.0", "eventTimestamp": at, "isFinal": True}
        return self.genuine(msgspec.json.encode({**event, **about, "context": given["Context"]}))

    def is_send(self, request: WireRequest) -> bool:
        return request.headers.get("x-amz-target") == f"{TARGET}SendTextMessage"

    def steady(self, request: WireRequest) -> WireRequest:
        return simulated_sns.steady(request)

    async def answer(self, request: WireRequest) -> Reply:
        url = urlsplit(request.path)
        if url.path == PATH:
            return Reply(200, CERTIFICATE)
        if parse_qs(url.query).get("Action") == ["ConfirmSubscription"]:
            self.confirmed += parse_qs(url.query)["Token"]
            self.subscribed.confirm(parse_qs(url.query)["TopicArn"][0])
            return Reply(200, b"<ConfirmSubscriptionResponse/>")
        target = request.headers.get("x-amz-target", "")
        service, told = ("sms-voice", {"content-type": JSON, "x-amz-target": target}) if target else ("sns", FORM)
        if not simulated_sns.is_signed(request, self._read, self._read.region, service, told):
            return self.FAILURES[Failure.UNAUTHORIZED]
        if not target:
            return self.subscribed.answer(request)
        if self.is_send(request):
            given = msgspec.json.decode(request.body)
            id_ = str(uuid5(NAMESPACE_URL, given["Context"]["onethread"]))
            self.sent[id_] = given
            return Reply.json({"MessageId": id_})
        return Reply.json({"AccountAttributes": [{"Name": "ACCOUNT_TIER", "Value": "PRODUCTION"}]})


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="AWS End User Messaging SMS and SNS over loopback.")
    wanted.add_argument("--sender", default="+447700900111")
    wanted.add_argument("--access-key-id", default="AKIASIMULATED")
    wanted.add_argument("--secret-access-key", default="simulated-secret-access-key")
    wanted.add_argument("--region", default="eu-west-1")
    given = wanted.parse_args()
    run(
        Simulator(
            {
                "sender": given.sender,
                "region": given.region,
                "access_key_id": given.access_key_id,
                "secret_access_key": given.secret_access_key,
            }
        )
    )
