"""The webhook target: each copy posted to the subscriber, signed as Standard Webhooks says.

Any 2xx is success, whatever the answer says; redirects are not followed; 410 ends the subscription. An address that no
operator configured passes the guard against private networks. Source: https://www.standardwebhooks.com and
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md (read 2026-11).
"""

import hmac
from base64 import b64encode
from collections.abc import Sequence
from contextvars import ContextVar
from datetime import UTC
from email.utils import parsedate_to_datetime
from hashlib import sha256

from connectors.kit.errors import KitError, OutcomeUnknown
from connectors.kit.guard import origin
from connectors.kit.http import Answer, Exchange, Http
from gateway.relay.copies import MEDIA_TYPE, Copy
from gateway.relay.targets import ANY, Ended, NotTaken, NotThere
from gateway.settings.subscribing import SubscriptionEntry, signing_key
from gateway.store.times import now

MOST_ANSWER = 64 * 1024
"""Octets of an answer that are read; nobody looks at them."""
GONE = 410
LONGEST_TOLD = 86_400.0
"""Seconds a target may ask to be left alone for."""
PAUSING = frozenset({429, 503})
"""Statuses that speak for the whole target where they say how long to wait."""

_heard: ContextVar[list[Exchange] | None] = ContextVar("heard", default=None)


class WebhookTarget:
    pipelined = False
    most = ANY
    problem = None

    def __init__(self, subscription: str, entry: SubscriptionEntry, *, trusted: bool) -> None:
        assert entry.webhook is not None
        self.at_once = entry.at_once
        self._url = entry.webhook
        self._seconds = entry.timeout
        self._keys = [signing_key(secret) for secret in entry.secrets()]
        self._http = Http(
            f"subscription {subscription}",
            trusted=(origin(entry.webhook),) if trusted else (),
            secrets=entry.secrets(),
            longest=entry.timeout,
            log=_hear,
        )

    async def open(self) -> None:
        """Connections are made when they are needed."""

    async def send(self, copy: Copy) -> None:
        exchanges: list[Exchange] = []
        _heard.set(exchanges)
        headers = {"content-type": MEDIA_TYPE, **signed(self._keys, copy.id, int(now().timestamp()), copy.body)}
        if copy.traceparent:
            headers["traceparent"] = copy.traceparent
        try:
            answer = await self._http.request(
                "POST", self._url, headers=headers, body=copy.body, seconds=self._seconds, most=MOST_ANSWER
            )
        except OutcomeUnknown as error:
            status = exchanges[-1].status if exchanges else None
            if status is None:
                raise NotTaken(error.detail) from error
            _judge(Answer(status, {}, b""))  # it answered, and then said too much, or too slowly
        except KitError as error:
            raise NotThere(error.detail) from error
        else:
            _judge(answer)

    async def ready(self) -> None:
        """It is always worth another attempt: the pauses between them are the relay's."""

    async def idle(self) -> bool:
        return True

    async def close(self) -> None:
        await self._http.close()

    async def remove(self) -> None:
        """Nothing is kept there."""


def signed(keys: Sequence[bytes], id_: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers that prove who posts, one signature per key; `timestamp` in seconds since 1970 UTC."""
    said = f"{id_}.{timestamp}.".encode() + body
    signatures = [b64encode(hmac.digest(key, said, sha256)).decode() for key in keys]
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def _judge(answer: Answer) -> None:
    """Raises what an answer other than success means."""
    status = answer.status
    if status // 100 == 2:
        return
    detail = f"answered {status}"
    retry_after = _seconds(answer.headers.get("retry-after"))
    if status == GONE:
        raise Ended("answered 410: it wants no more")
    if status // 100 == 3:
        raise NotTaken(f"{detail}: redirects are not followed; set the address it leads to")
    if status in PAUSING and retry_after is not None:
        raise NotThere(detail, retry_after)
    raise NotTaken(detail, retry_after)


def _seconds(told: str | None) -> float | None:
    """`Retry-After`, in seconds or as a date (RFC 9110 §10.2.3), at most a day; None where it is neither."""
    if told is None:
        return None
    if told.isascii() and told.isdecimal():
        return min(float(told[:10]), LONGEST_TOLD)
    try:
        at = parsedate_to_datetime(told)
    except ValueError:
        return None
    return min(max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now()).total_seconds()), LONGEST_TOLD)


def _hear(exchange: Exchange) -> None:
    """Keeps what was heard for the attempt under way; copies are not written to the log of exchanges."""
    heard = _heard.get()
    if heard is not None:
        heard.append(exchange)
