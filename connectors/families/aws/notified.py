"""What a connector that topics notify asks of SNS: the certificates that sign, and that a subscription stand."""

from urllib.parse import urlsplit

from connectors.families.aws.sns import SUBSCRIBING, confirming
from connectors.families.aws.topic import Subscriber, topic
from connectors.kit.base import Tools
from connectors.kit.errors import Refused, Temporary
from normalizer.errors import ErrorCode
from normalizer.inbound import Ignored, Inbound

MOST_CERTIFICATE = 64 << 10
"""Octets."""


async def certificate(name: str, config: Subscriber, tools: Tools) -> bytes:
    """By an address that `sns.check` found to be SNS's. Raises Refused, Temporary."""
    base = config.sns_base
    url = f"{base.rstrip('/')}{urlsplit(name).path}" if base else name
    answer = await tools.http.request("GET", url, most=MOST_CERTIFICATE, seconds=10.0, reads=True)
    if 400 <= answer.status < 500:
        raise Refused(f"HTTP status {answer.status}", code=ErrorCode.AUTH_FAILED)
    if answer.status != 200:
        raise Temporary(f"HTTP status {answer.status}")
    return answer.body


def awaits(inbound: Inbound) -> bool:
    """Whether SNS waits for a subscription to be confirmed."""
    return isinstance(inbound, Ignored) and inbound.key.startswith(SUBSCRIBING)


async def confirm(inbound: Inbound, config: Subscriber, tools: Tools) -> None:
    """Confirms a subscription: verified it is, and of a topic that is configured. Raises Refused."""
    arn, _, token = inbound.key.removeprefix(SUBSCRIBING).rpartition(":")
    where = topic(arn)
    if not awaits(inbound) or where is None or arn not in config.topic_arns:
        return
    base = (config.sns_base or where.home).rstrip("/")
    answer = await tools.http.request("GET", base + confirming(where, token), seconds=20.0)
    if answer.status != 200:
        raise Refused(f"HTTP status {answer.status}", code=ErrorCode.MISCONFIGURED)
