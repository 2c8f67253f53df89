"""SNS, for simulators: what it posts, signed, how that is forged, and who signed what it is asked."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from secrets import token_hex
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec

from connectors.families.aws.sigv4 import signed
from connectors.families.aws.simulated import signature
from connectors.families.aws.sns import CONFIRMATION, canonical, told
from connectors.families.aws.topic import Subscriber, topic
from connectors.kit.request import Request
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import WireRequest

_OF_NOW: Final = re.compile(r"(Credential=[A-Za-z0-9]+/)[0-9]{8}(/.*Signature=)[0-9a-f]{64}")
ARN: Final = "arn:aws:sns:eu-west-1:123456789012:onethread"
PATH: Final = "/SimpleNotificationService-010a507c1833636cd94bdb98bd93083a.pem"
CERTIFICATE_URL: Final = f"https://sns.eu-west-1.amazonaws.com{PATH}"


def _changed(name: str, value: str | None = None) -> Callable[[Request], Request]:
    """With another value in a field of what SNS posts."""

    def forged(request: Request) -> Request:
        fields = msgspec.json.decode(request.body)
        if not fields.get(name):
            return request
        fields[name] = mutate.flipped(fields[name]) if value is None else value
        body = msgspec.json.encode(fields)
        return Request(request.method, request.url, request.headers, body, request.received_at)

    return forged


SIGNED: Final = ("Message", "MessageId", "Subject", "Timestamp", "Token", "SubscribeURL", "Signature", "TopicArn")
FORGERIES: Final[Mapping[str, Callable[[Request], Request]]] = {
    **{f"{name} changed": _changed(name) for name in SIGNED},
    "another type": _changed("Type", "UnsubscribeConfirmation"),
    "certificate elsewhere": _changed("SigningCertURL", f"https://sns.eu-west-1.amazonaws.com.evil.example{PATH}"),
    "certificate of another region": _changed("SigningCertURL", f"https://sns.us-east-1.amazonaws.com{PATH}"),
    "certificate of another service": _changed("SigningCertURL", f"https://s3.eu-west-1.amazonaws.com{PATH}"),
    "certificate in the clear": _changed("SigningCertURL", f"http://sns.eu-west-1.amazonaws.com{PATH}"),
    "certificate by another path": _changed("SigningCertURL", "https://sns.eu-west-1.amazonaws.com/x.pem"),
    "unknown version": _changed("SignatureVersion", "3"),
}


def posted(fields: Mapping[str, str], arn: str, hub_url: str, at: datetime, version: str = "2") -> WireRequest:
    """As SNS posts it, signed."""
    now = at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    whole = {"MessageId": str(uuid4()), "TopicArn": arn, "Timestamp": now, **fields}
    whole |= {"SignatureVersion": version, "SigningCertURL": CERTIFICATE_URL}
    whole["Signature"] = signature(canonical(told(msgspec.json.encode(whole))), version)
    headers = {
        "content-type": "text/plain; charset=UTF-8",
        "x-amz-sns-message-type": whole["Type"],
        "x-amz-sns-message-id": whole["MessageId"],
        "x-amz-sns-topic-arn": whole["TopicArn"],
    }
    return WireRequest("POST", urlsplit(hub_url).path or "/", headers, msgspec.json.encode(whole))


def subscription(arn: str) -> Mapping[str, str]:
    """What SNS asks before it notifies."""
    token, where = token_hex(64), topic(arn)
    assert where is not None
    url = f"{where.home}/?Action=ConfirmSubscription&TopicArn={arn}&Token={token}"
    fields = {"Message": "You have chosen to subscribe.", "Token": token, "SubscribeURL": url}
    return {"Type": CONFIRMATION, **fields}


def is_signed(request: WireRequest, config: Subscriber, region: str, service: str, told: Mapping[str, str]) -> bool:
    """Signs it once more."""
    try:
        at = datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except (KeyError, ValueError):
        return False
    wanted = signed(
        request.method,
        f"http://{request.headers['host']}{request.path}",
        request.body,
        at,
        region=region,
        service=service,
        access_key_id=config.access_key_id,
        secret_access_key=config.secret_access_key,
        session_token=config.session_token,
        told=told,
    )
    return request.headers.get("authorization") == wanted["authorization"]


def steady(request: WireRequest) -> WireRequest:
    """A signature is of its time and of the simulator's address; whether it is right, `is_signed` finds out."""
    headers = {name: value for name, value in request.headers.items() if name != "x-amz-date"}
    headers["authorization"] = _OF_NOW.sub(r"\1DAY\2SIGNATURE", headers.get("authorization", ""))
    return WireRequest(request.method, request.path, headers, request.body)
