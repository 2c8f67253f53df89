"""Reviews in Google Play: polled, and answered in public.

There are no webhooks, and the list shows a week only. A review has one reply, and another takes its place. Source:
developers.google.com/android-publisher/reply-to-reviews (read 2026-11). Does not serve ratings without words, which the
API does not show, test versions of an app, or older reviews, which come by files.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime
from functools import cached_property
from http import HTTPStatus
from typing import Any, ClassVar, Final
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from connectors.channels.googleplay_reviews.config import Config as AppConfig
from connectors.channels.googleplay_reviews.event import LISTED, REPLIED, REVIEW, Listed
from connectors.channels.googleplay_reviews.parse import SCHEME, comment, mark, moment, parse
from connectors.channels.googleplay_reviews.refusals import refusal
from connectors.channels.googleplay_reviews.tokens import Tokens
from connectors.families.reviews import NEWS, Found, News, OneAnswer, compare, digest, kept, recall
from connectors.kit.base import Account, Info, Outbound, Plugin, Polled, Sent, Settles
from connectors.kit.collects import COLLECT, Collected
from connectors.kit.config import PluginConfig
from connectors.kit.errors import BadPayload, BadSignature, OutcomeUnknown, Refused, Temporary
from connectors.kit.http import Answer
from connectors.kit.request import Request, decode
from normalizer.capability import Capability, TextLimit
from normalizer.errors import ErrorCode
from normalizer.inbound import Inbound

PAGE_SIZE: Final = 100
LARGEST: Final = 4 << 20
LAST: Final = datetime.max.replace(tzinfo=UTC)
CAPABILITY: Final = Capability(
    # Never parted, for a second piece would replace the first; what is too long is refused (`longest`).
    text=TextLimit(most=100_000),
    initiates=False,
    inbound=frozenset({"message_received", "message_edited", "part:native"}),
)


class GooglePlayReviews(Plugin[AppConfig]):
    info: ClassVar[Info] = Info(
        name="googleplay_reviews",
        channel="reviews",
        scheme=SCHEME,
        capability=CAPABILITY,
        settles=Settles.NEVER,
        summary="Reviews in Google Play",
    )
    Config = AppConfig
    _looked = False

    @cached_property
    def _one_answer(self) -> OneAnswer:
        return OneAnswer()

    @cached_property
    def _tokens(self) -> Tokens:
        return Tokens(self.config, self.tools)

    def verify(self, request: Request) -> None:
        if request.method != COLLECT or urlsplit(request.url).scheme != COLLECT.lower():
            raise BadSignature("reviews are asked for; nobody posts them", missing=True)

    def parse(self, request: Request) -> Sequence[Inbound]:
        return parse(request)

    async def send(self, outbound: Outbound) -> Sent:
        text = self._one_answer.must_be_whole(outbound)
        if len(text) > self.config.longest:
            detail = f"a reply has up to {self.config.longest} characters, and is never parted"
            raise Refused(detail, code=ErrorCode.CONTENT_UNSUPPORTED)
        name = outbound.address.value
        answer = await self._ask("POST", f"/reviews/{quote(name, safe='')}:reply", {"replyText": text})
        if answer.status != HTTPStatus.OK:
            raise refusal(answer, self.config.rate_pause)
        try:
            edited = decode(answer.body, REPLIED).result.last_edited
        except BadPayload as error:
            raise OutcomeUnknown(
                f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN
            ) from None
        return Sent((f"{name}/{edited.seconds}.{edited.nanos:09}",))  # a reply has no name of its own

    def polls(self) -> bool:
        return True

    async def poll(self, cursor: str | None) -> Polled | Collected:
        if self._looked:
            await asyncio.sleep(self.config.poll_seconds)
        memory = recall(cursor, self.tools.now(), self.config.past_days)
        query = {"maxResults": str(PAGE_SIZE)}
        found: list[Found] = []
        for _ in range(self.config.pages):
            page = await self._page(query)
            listed = [_one(bytes(raw)) for raw in page.reviews]
            found += listed
            following = page.token_pagination.next_page_token
            if following is None or not _reaches_back(compare(memory, listed), listed):
                break
            query = {**query, "token": following}
        self._looked = True
        news = compare(memory, found)
        return _batch(news) if news.new or news.edited else Polled((), kept(news.memory), b"")

    async def check(self) -> Account:
        await self._page({"maxResults": "1"})
        return Account(name=self.config.package_name, details={"account": self.config.account().client_email})

    async def _page(self, query: dict[str, str]) -> Listed:
        answer = await self._ask("GET", f"/reviews?{urlencode(query)}", None)
        if answer.status != HTTPStatus.OK:
            raise refusal(answer, self.config.rate_pause, reads=True)
        try:
            return decode(answer.body, LISTED)
        except BadPayload as error:
            raise Temporary(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None

    async def _ask(self, method: str, path: str, given: dict[str, Any] | None) -> Answer:
        headers = {"authorization": f"Bearer {await self._tokens.current()}"}
        answer = await self.tools.http.request(
            method,
            f"{self.config.api_base}/androidpublisher/v3/applications/{self.config.package_name}{path}",
            headers=headers | ({"content-type": "application/json"} if given is not None else {}),
            body=msgspec.json.encode(given) if given is not None else None,
            seconds=self.config.send_seconds,
            most=LARGEST,
            reads=given is None,
        )
        if answer.status == HTTPStatus.UNAUTHORIZED:
            self._tokens.forget()
        return answer

    @classmethod
    def trusted_origins(cls, config: PluginConfig) -> Sequence[str]:
        assert isinstance(config, AppConfig)
        url = urlsplit(config.tokens_at)
        return (config.api_base, f"{url.scheme}://{url.netloc}")


def _one(raw: bytes) -> Found:
    """By its name and what may change of it; one that cannot be read, by its octets, so that it is set aside once."""
    try:
        review = decode(raw, REVIEW)
        return Found(review.review_id, mark(review), moment(comment(review).last_modified), raw)
    except BadPayload:
        return Found(f"unread:{digest(raw)}", "", LAST, raw)


def _reaches_back(news: News, listed: Sequence[Found]) -> bool:
    """Whether older ones may be news too: all of these are."""
    return len(news.new) + len(news.edited) == len(listed)


def _batch(news: News) -> Collected:
    words = ["new"] * len(news.new) + ["edited"] * len(news.edited)
    body = b'{"reviews":[' + b",".join(one.raw for one in (*news.new, *news.edited)) + b"]}"
    return Collected(kept(news.memory), {NEWS: ",".join(words)}, _octets(body))


async def _octets(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body
