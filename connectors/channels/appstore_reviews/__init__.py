"""Reviews in Apple's App Store: polled, and answered in public.

There are no webhooks; the list of reviews is looked at, the newest first. A review has one answer, and another takes
its place. Source: developer.apple.com/documentation/appstoreconnectapi (read 2026-11). Does not serve ratings without
words, which the API does not show, nor the deletion of answers.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, ClassVar, Final
from urllib.parse import urlencode, urlsplit

import jwt
import msgspec

from connectors.channels.appstore_reviews.config import Config as AppConfig
from connectors.channels.appstore_reviews.event import KIND, MADE, PAGE, RESPONSE, REVIEW, SHOWN, Page
from connectors.channels.appstore_reviews.parse import RESPONSES, REVIEWS, SCHEME, mark, parse
from connectors.channels.appstore_reviews.refusals import GOOD, refusal
from connectors.families.reviews import NEWS, Found, News, OneAnswer, compare, digest, kept, recall
from connectors.kit.base import Account, Info, Outbound, Plugin, Polled, Sent, Settles
from connectors.kit.collects import COLLECT, Collected
from connectors.kit.errors import BadPayload, BadSignature, Misconfigured, OutcomeUnknown, Temporary
from connectors.kit.http import Answer
from connectors.kit.request import Request, decode
from normalizer.capability import Capability, TextLimit
from normalizer.errors import ErrorCode
from normalizer.inbound import Inbound

AUDIENCE: Final = "appstoreconnect-v1"
LIVES: Final = 600
"""Seconds of a token; Apple takes none of more than twenty minutes."""
PAGE_SIZE: Final = 200
LARGEST: Final = 4 << 20
LAST: Final = datetime.max.replace(tzinfo=UTC)
"""For what tells no time."""
CAPABILITY: Final = Capability(
    # Never parted, for a second piece would replace the first; what is too long for Apple, Apple refuses.
    text=TextLimit(most=100_000),
    initiates=False,
    inbound=frozenset({"message_received", "message_edited", "status_changed", "part:native"}),
)


class AppStoreReviews(Plugin[AppConfig]):
    info: ClassVar[Info] = Info(
        name="appstore_reviews",
        channel="reviews",
        scheme=SCHEME,
        capability=CAPABILITY,
        settles=Settles.NEVER,
        summary="Reviews in Apple's App Store",
    )
    Config = AppConfig
    _looked = False

    @cached_property
    def _one_answer(self) -> OneAnswer:
        return OneAnswer()

    def verify(self, request: Request) -> None:
        if request.method != COLLECT or urlsplit(request.url).scheme != COLLECT.lower():
            raise BadSignature("reviews are asked for; nobody posts them", missing=True)

    def parse(self, request: Request) -> Sequence[Inbound]:
        return parse(request)

    async def send(self, outbound: Outbound) -> Sent:
        text = self._one_answer.must_be_whole(outbound)
        answer = await self._ask("POST", "/v1/customerReviewResponses", response(outbound.address.value, text))
        if answer.status not in GOOD:
            raise refusal(answer, self.config.rate_pause)
        try:
            return Sent((decode(answer.body, MADE).data.id,))
        except BadPayload as error:
            raise OutcomeUnknown(
                f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN
            ) from None

    def polls(self) -> bool:
        return True

    async def poll(self, cursor: str | None) -> Polled | Collected:
        if self._looked:
            await asyncio.sleep(self.config.poll_seconds)
        memory = recall(cursor, self.tools.now(), self.config.past_days)
        query = urlencode({"sort": "-createdDate", "limit": PAGE_SIZE, "include": "response"})
        path: str | None = f"/v1/apps/{self.config.app_id}/customerReviews?{query}"
        found: list[Found] = []
        for _ in range(self.config.pages):
            page = await self._page(path or "")
            listed = _found(page)
            found += listed
            path = _next(page)
            if path is None or not _reaches_back(compare(memory, listed), listed):
                break
        self._looked = True
        news = compare(memory, found)
        return _batch(news) if news.new or news.edited else Polled((), kept(news.memory), b"")

    async def check(self) -> Account:
        query = urlencode({"fields[apps]": "name,bundleId"})
        answer = await self._ask("GET", f"/v1/apps/{self.config.app_id}?{query}", None)
        if answer.status not in GOOD:
            raise refusal(answer, self.config.rate_pause, reads=True)
        try:
            app = decode(answer.body, SHOWN).data.attributes
        except BadPayload as error:
            raise Temporary(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None
        return Account(name=app.name, details={"bundle_id": app.bundle_id, "app_id": self.config.app_id})

    async def _page(self, path: str) -> Page:
        answer = await self._ask("GET", path, None)
        if answer.status not in GOOD:
            raise refusal(answer, self.config.rate_pause, reads=True)
        try:
            return decode(answer.body, PAGE)
        except BadPayload as error:
            raise Temporary(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None

    async def _ask(self, method: str, path: str, given: dict[str, Any] | None) -> Answer:
        headers = {"authorization": f"Bearer {token(self.config, self.tools.now())}"}
        return await self.tools.http.request(
            method,
            self.config.api_base + path,
            headers=headers | ({"content-type": "application/json"} if given is not None else {}),
            body=msgspec.json.encode(given) if given is not None else None,
            seconds=self.config.send_seconds,
            most=LARGEST,
            reads=given is None,
        )


def token(config: AppConfig, now: datetime) -> str:
    """Source: generating-tokens-for-api-requests. Raises Misconfigured."""
    at = int(now.timestamp())
    claims = {"iss": config.issuer_id, "iat": at, "exp": at + LIVES, "aud": AUDIENCE}
    try:
        return jwt.encode(claims, config.private_key.reveal(), "ES256", {"kid": config.key_id})
    except (ValueError, TypeError, jwt.PyJWTError):
        pass
    # Raised outside the handler, so that no traceback shows what the key is.
    raise Misconfigured("private_key is no key for ES256", code=ErrorCode.AUTH_FAILED)


def response(review_id: str, text: str) -> dict[str, Any]:
    """An answer as the body of its request."""
    return {
        "data": {
            "type": RESPONSES,
            "attributes": {"responseBody": text},
            "relationships": {"review": {"data": {"type": REVIEWS, "id": review_id}}},
        }
    }


def _found(page: Page) -> list[Found]:
    return [_one(bytes(raw)) for raw in (*page.data, *page.included)]


def _one(raw: bytes) -> Found:
    """By its name and what may change of it; one that cannot be read, by its octets, so that it is set aside once."""
    try:
        kind = decode(raw, KIND)
        if kind.type == RESPONSES:
            answer = decode(raw, RESPONSE)
            at = answer.attributes.last_modified_date
            return Found(f"answer:{answer.id}", digest(answer.attributes.state, at), at or LAST, raw)
        review = decode(raw, REVIEW)
        return Found(review.id, mark(review), review.attributes.created_date, raw)
    except BadPayload:
        return Found(f"unread:{digest(raw)}", "", LAST, raw)


def _next(page: Page) -> str | None:
    """The next page at the address that is configured, wherever it is said to be."""
    if page.links.next is None:
        return None
    url = urlsplit(page.links.next)
    return f"{url.path}?{url.query}" if url.path.startswith("/v1/") else None


def _reaches_back(news: News, listed: Sequence[Found]) -> bool:
    """Whether older ones may be news too: all of these are."""
    return len(news.new) + len(news.edited) == len(listed)


def _batch(news: News) -> Collected:
    resources = [*news.new, *news.edited]
    words = ["new"] * len(news.new) + ["edited"] * len(news.edited)
    body = b'{"data":[' + b",".join(one.raw for one in resources) + b"]}"
    return Collected(kept(news.memory), {NEWS: ",".join(words)}, _octets(body))


async def _octets(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body
