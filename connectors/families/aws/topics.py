"""The connector's address as the topics at SNS have it: subscribed to, looked for, given up.

What SNS asks after a subscription the hub confirms by itself, so it has to run. Source: the description of SNS that
comes with botocore (2010-03-31: Subscribe, ListSubscriptionsByTopic, Unsubscribe), docs.aws.amazon.com/sns/latest/dg/
sns-message-delivery-retries.html (read 2026-11). Makes neither topics nor receipt rules.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode, urlsplit

import msgspec

from connectors.families.aws.sigv4 import signed
from connectors.families.aws.topic import Subscriber, Topic, topic
from connectors.kit.base import Registration, Tools
from connectors.kit.declared.xml_tree import read
from connectors.kit.errors import BadPayload, KitError, Misconfigured, Temporary
from connectors.kit.http import Answer
from normalizer.errors import ErrorCode

VERSION: Final = "2010-03-31"
FORM: Final = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
POLICY: Final = msgspec.json.encode(
    {
        "healthyRetryPolicy": {
            "minDelayTarget": 5,
            "maxDelayTarget": 300,
            "numRetries": 12,
            "backoffFunction": "exponential",
        }
    }
).decode()
"""For as long as SNS may try, which is an hour in all; by its own policy it gives up within a minute."""
PENDING: Final = "PendingConfirmation"
MOST_PAGES: Final = 50
"""Of a hundred subscriptions each."""
BUSY: Final = frozenset({"Throttled", "Throttling", "ThrottlingException", "InternalError", "InternalFailure"})
LONGEST: Final = 300


class Found(NamedTuple):
    topic: str
    arn: str
    """Of the subscription; empty where there is none."""

    @property
    def stands(self) -> bool:
        return self.arn.startswith("arn:")


class Topics:
    """All that the settings name."""

    def __init__(self, config: Subscriber, tools: Tools) -> None:
        self._config, self._tools = config, tools

    async def subscribe(self, url: str) -> Registration:
        """Where it is not yet. Raises Temporary, Misconfigured."""
        if not self._config.topic_arns:
            raise Misconfigured("topic_arns: no topic is named that could be subscribed to")
        for found in await self._all(url):
            if not found.stands:
                said = {
                    "TopicArn": found.topic,
                    "Protocol": urlsplit(url).scheme,
                    "Endpoint": url,
                    "Attributes.entry.1.key": "DeliveryPolicy",
                    "Attributes.entry.1.value": POLICY,
                    "ReturnSubscriptionArn": "true",
                }
                await self._ask(found.topic, "Subscribe", said)
        return await self.registration(url)

    async def registration(self, url: str) -> Registration:
        found = await self._all(url)
        waits = [one.topic for one in found if one.arn == PENDING]
        problem = f"not confirmed yet, which a running hub does by itself: {', '.join(waits)}" if waits else None
        details = {one.topic: one.arn or "not subscribed" for one in found}
        stands = bool(found) and all(one.stands for one in found)
        return Registration(url=url if stands else None, last_error=problem, details=details)

    async def unsubscribe(self, url: str) -> Registration:
        """What waits for its confirmation cannot be given up, and lapses by itself. Raises as `subscribe`."""
        for found in await self._all(url):
            if found.stands:
                await self._ask(found.topic, "Unsubscribe", {"SubscriptionArn": found.arn})
        return await self.registration(url)

    async def _all(self, url: str) -> list[Found]:
        return [Found(arn, await self._found(arn, url)) for arn in self._config.topic_arns]

    async def _found(self, arn: str, url: str) -> str:
        said = {"TopicArn": arn}
        for _ in range(MOST_PAGES):
            told = await self._ask(arn, "ListSubscriptionsByTopic", said)
            for one in _members(told):
                if one.get("Endpoint") == url:
                    return str(one.get("SubscriptionArn", ""))
            token = told.get("NextToken")
            if not isinstance(token, str) or not token:
                return ""
            said = {"TopicArn": arn, "NextToken": token}
        raise Misconfigured(f"{arn} has more subscriptions than are looked through")

    async def _ask(self, arn: str, action: str, said: Mapping[str, str]) -> Mapping[str, Any]:
        """What the answer's result says. Raises Temporary, Misconfigured."""
        where = topic(arn)
        assert where is not None  # the settings made sure
        url = f"{(self._config.sns_base or where.home).rstrip('/')}/"
        body = urlencode({"Action": action, "Version": VERSION, **said}).encode()
        answer = await self._tools.http.request(
            "POST",
            url,
            headers=self._signed(url, body, where),
            body=body,
            seconds=self._config.send_seconds,
            reads=True,
        )
        try:
            told = read(answer.body)
        except BadPayload as error:
            told = {}
            if answer.status == HTTPStatus.OK:
                detail = f"an answer of SNS that cannot be read: {error.detail}"
                raise Temporary(detail, code=ErrorCode.PROVIDER_DOWN) from None
        if answer.status != HTTPStatus.OK:
            raise _refusal(answer, told)
        return _inner(_inner(told, f"{action}Response"), f"{action}Result")

    def _signed(self, url: str, body: bytes, where: Topic) -> Mapping[str, str]:
        return signed(
            "POST",
            url,
            body,
            self._tools.now(),
            region=where.region,
            service="sns",
            access_key_id=self._config.access_key_id,
            secret_access_key=self._config.secret_access_key,
            session_token=self._config.session_token,
            told=FORM,
        )


def _inner(tree: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = tree.get(name)
    return found if isinstance(found, Mapping) else {}


def _members(told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = _inner(told, "Subscriptions").get("member", [])
    return [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, Mapping)]


def _refusal(answer: Answer, told: Mapping[str, Any]) -> KitError:
    error = _inner(_inner(told, "ErrorResponse"), "Error")
    code = str(error.get("Code", answer.status))[:80]
    detail = f"SNS: {str(error.get('Message', code))[:LONGEST]}"
    busy = code in BUSY or answer.status == HTTPStatus.TOO_MANY_REQUESTS
    if busy or not HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Temporary(detail, code=ErrorCode.PROVIDER_DOWN, provider_code=code)
    return Misconfigured(detail, code=ErrorCode.AUTH_FAILED, provider_code=code)
