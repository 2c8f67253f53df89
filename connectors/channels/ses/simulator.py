"""SES and SNS over loopback: `python -m connectors.channels.ses.simulator` runs them alone.

They check who signed a request, take mails and refuse what SES refuses, publish mails and events signed, give out the
certificate, and take confirmations of subscriptions.
"""

import argparse
import itertools
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any, ClassVar, Final
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import NAMESPACE_URL, uuid5

import msgspec

from connectors.channels.ses.config import Config
from connectors.channels.ses.s3 import EMPTY
from connectors.families.aws import simulated_sns
from connectors.families.aws.sigv4 import JSON
from connectors.families.aws.simulated import CERTIFICATE
from connectors.families.aws.simulated_sns import ARN, CERTIFICATE_URL, PATH
from connectors.families.aws.sns import NOTIFICATION
from connectors.families.aws.subscribed import Subscribed
from connectors.families.aws.topics import FORM
from connectors.families.mail.letters import plain_mail
from connectors.families.mail.mime import read_header
from connectors.families.mail.mime_fields import addresses
from connectors.kit.config import configured
from connectors.kit.request import Request
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply, WireRequest, run

TOLD: Final[Mapping[str, dict[str, Any]]] = {
    "delivered": {"eventType": "Delivery", "delivery": {"smtpResponse": "250 ok"}},
    "bounced": {
        "eventType": "Bounce",
        "bounce": {
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "bouncedRecipients": [{"action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 unknown"}],
        },
    },
    "complained": {"eventType": "Complaint", "complaint": {"complaintFeedbackType": "abuse"}},
}


def failure(name: str, message: str, status: int = 400) -> Reply:
    return Reply.json({"message": message}, status, x_amzn_errortype=f"{name}:http://internal.amazon.com/coral/")


class Simulator(LoopbackSimulator):
    KEYS: ClassVar[Mapping[str, bytes]] = {CERTIFICATE_URL: CERTIFICATE}
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: failure("TooManyRequestsException", "Maximum sending rate exceeded.", 429),
        Failure.SERVER_ERROR: Reply(500),
        Failure.UNAUTHORIZED: failure("UnrecognizedClientException", "The security token is invalid.", 403),
        Failure.REFUSED: failure("MessageRejected", "Message contains a virus."),
    }
    LACKS: ClassVar[Mapping[Failure, str]] = {
        Failure.BLOCKED: "a mail to who is on the suppression list is taken, and comes back as a bounce",
        Failure.UNREACHABLE: "a mail to nobody is taken, and comes back as a bounce",
    }
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = simulated_sns.FORGERIES

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__({"topic_arns": [ARN], **config}, hub_url)
        self._read: Config = configured(Config, dict(self.config))
        self.version = "2"
        self.sent: dict[str, dict[str, Any]] = {}
        """What was taken, by the name it was given."""
        self.subscribed = Subscribed()
        self.confirmed: list[str] = []
        """Tokens of subscriptions."""
        self.objects: dict[str, tuple[bytes, dict[str, str]]] = {}
        """What lies in S3, by bucket and key, each with its own headers."""
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._numbers = itertools.count(1)

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "sns_base": self.url, "s3_base": self.url}

    # --- SNS ----------------------------------------------------------------------------------------------------------

    def genuine(self, payload: bytes) -> WireRequest:
        """Of a notification of SES, or of a mail that came."""
        message = payload if payload.startswith(b"{") else self.came(payload)
        return self.posted({"Type": NOTIFICATION, "Message": message.decode(), "Subject": "Amazon SES"})

    def subscription(self) -> WireRequest:
        """What SNS asks before it notifies."""
        return self.posted(simulated_sns.subscription(self._read.topic_arns[0]))

    def posted(self, fields: Mapping[str, str]) -> WireRequest:
        """As SNS posts it, signed."""
        return simulated_sns.posted(fields, self._read.topic_arns[0], self.hub_url, self.clock(), self.version)

    # --- SES publishes ------------------------------------------------------------------------------------------------

    def came(self, mail: bytes, to: str | None = None, dmarc: str = "GRAY", **more: Any) -> bytes:
        """A mail, as a receipt rule publishes it."""
        fields, _ = read_header(mail, 0, len(mail))
        source = next((address for _, address in addresses(fields.each("from"))), "")
        recipients = [to or self._read.own]
        about = {"messageId": token_hex(20), "source": source, "destination": recipients}
        action = {"type": "SNS", "topicArn": self._read.topic_arns[0], "encoding": "BASE64"}
        receipt = {"recipients": recipients, "dmarcVerdict": {"status": dmarc}, "action": action}
        content = {"content": b64encode(mail).decode()}
        return msgspec.json.encode(
            {"notificationType": "Received", "mail": about, "receipt": receipt, **content, **more}
        )

    def message(self, text: str = "hi", sender: str = "ann@example.net") -> bytes:
        return plain_mail(text, sender, self._read.own, token_hex(8))

    def mail(self, octets: bytes) -> WireRequest:
        return self.genuine(self.came(octets))

    def stored(self, octets: bytes, key: str = "", dmarc: str = "GRAY", **headers: str) -> WireRequest:
        """A mail that a receipt rule put into the first bucket, and its notification."""
        bucket, key = self._read.buckets[0], key or f"mail/{token_hex(20)}"
        self.objects[f"/{bucket}/{key}"] = octets, {name.replace("_", "-"): value for name, value in headers.items()}
        told = msgspec.json.decode(self.came(octets, dmarc=dmarc))
        del told["content"]
        told["receipt"]["action"] = {"type": "S3", "bucketName": bucket, "objectKey": key}
        return self.genuine(msgspec.json.encode(told))

    def tells(self, word: str) -> WireRequest:
        """`delivered`, `bounced` or `complained`, of the last mail sent. Raises LookupError."""
        id_, given = list(self.sent.items())[-1]
        now = self.clock().isoformat()
        tags = {tag["Name"]: [tag["Value"]] for tag in given["EmailTags"]}
        mail = {"messageId": id_, "timestamp": now, "source": self._read.own, "tags": tags}
        about = {**TOLD[word], "mail": mail}
        if word == "complained":
            people = [{"emailAddress": to} for to in given["Destination"]["ToAddresses"]]
            about["complaint"] = {**TOLD[word]["complaint"], "complainedRecipients": people}
        return self.genuine(msgspec.json.encode(about))

    # --- the API ------------------------------------------------------------------------------------------------------

    def is_send(self, request: WireRequest) -> bool:
        return request.path == "/v2/email/outbound-emails"

    async def answer(self, request: WireRequest) -> Reply:
        url = urlsplit(request.path)
        if url.path == PATH:
            return Reply(200, CERTIFICATE)
        if url.path == "/" and parse_qs(url.query).get("Action") == ["ConfirmSubscription"]:
            self.confirmed += parse_qs(url.query)["Token"]
            self.subscribed.confirm(parse_qs(url.query)["TopicArn"][0])
            return Reply(200, b"<ConfirmSubscriptionResponse/>")
        if url.path.startswith(tuple(f"/{bucket}/" for bucket in self._read.buckets)):
            return self._object(request, unquote(url.path))
        if request.method == "POST" and url.path == "/":
            known = self._is_signed(request, "sns", FORM)
            return self.subscribed.answer(request) if known else self.FAILURES[Failure.UNAUTHORIZED]
        if not self._is_signed(request, "ses", JSON):
            return self.FAILURES[Failure.UNAUTHORIZED]
        if url.path == "/v2/email/account":
            return Reply.json({"SendingEnabled": True, "ProductionAccessEnabled": True})
        if self.is_send(request) and request.method == "POST":
            return self._send(msgspec.json.decode(request.body))
        return failure("NotFoundException", "Not found", 404)

    def steady(self, request: WireRequest) -> WireRequest:
        return simulated_sns.steady(request)

    def _object(self, request: WireRequest, path: str) -> Reply:
        if not self._is_signed(request, "s3", EMPTY):
            return Reply(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
        if path not in self.objects:
            return Reply(404, b"<Error><Code>NoSuchKey</Code></Error>")
        octets, headers = self.objects[path]
        return Reply(200, octets, {"content-type": "binary/octet-stream", **headers})

    def _is_signed(self, request: WireRequest, service: str, told: Mapping[str, str]) -> bool:
        return simulated_sns.is_signed(request, self._read, self._read.region, service, told)

    def _send(self, given: dict[str, Any]) -> Reply:
        if not b64decode(given["Content"]["Raw"]["Data"], validate=True):
            return failure("BadRequestException", "Empty content")
        id_ = f"0102018f{uuid5(NAMESPACE_URL, given['EmailTags'][0]['Value'])}-000000"
        self.sent[id_] = given
        return Reply.json({"MessageId": id_})


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="Amazon SES and SNS over loopback.")
    wanted.add_argument("--address", default="help@example.com")
    wanted.add_argument("--access-key-id", default="AKIASIMULATED")
    wanted.add_argument("--secret-access-key", default="simulated-secret-access-key")
    wanted.add_argument("--region", default="eu-west-1")
    given = wanted.parse_args()
    run(
        Simulator(
            {
                "address": given.address,
                "region": given.region,
                "access_key_id": given.access_key_id,
                "secret_access_key": given.secret_access_key,
            }
        )
    )
