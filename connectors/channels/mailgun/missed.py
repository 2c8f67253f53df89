"""What came while the hub was down: events out of their list, and the mails that a route stored.

The list shows some events late, so each round begins well before the last one. Keys are those of the webhooks; a stored
mail is fetched once, one at a time. Source: documentation.mailgun.com, user manual, *Events*, *Event polling*, *Viewing
stored messages* (read 2026-11).
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Iterator, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode, urlsplit

import msgspec

from connectors.channels.mailgun.config import Config, login
from connectors.channels.mailgun.event import EVENT, LISTED, PAGE, WHOLE, Listed, Page
from connectors.channels.mailgun.parse import MAIL_FROM, RECIPIENTS, token_of, told
from connectors.channels.mailgun.refusals import settled
from connectors.kit.base import Polled
from connectors.kit.collects import Collected
from connectors.kit.errors import BadPayload, Misconfigured, Refused, Temporary
from connectors.kit.http import Answer, Http
from connectors.kit.request import decode
from normalizer.errors import ErrorCode
from normalizer.inbound import ConsentChanged, Inbound, StatusChanged, Unreadable

STORED: Final = "stored"
ABOUT_OURS: Final = ("accepted", "complained", "delivered", "failed", "rejected", "unsubscribed")
PORTION: Final = 100
LATE: Final = timedelta(minutes=45)
"""How long an event may take to be listed: Mailgun says some half an hour."""
KEPT: Final = timedelta(days=3)
"""What is older is stored no more."""
FRESH: Final = timedelta(hours=1)
"""How long the name of a page is surely good; one that is older and refused is forgotten, and its round begins anew."""
LARGEST_PAGE: Final = 8 << 20
LARGEST_MAIL: Final = 64 << 20
"""Octets of JSON: a mail of 25 MB, escaped."""
MOST_SEEN: Final = 2000
MOST_RECIPIENTS: Final = 20
MAIL_SECONDS: Final = 300.0
RAW_MAIL: Final = "message/rfc2822"
HOME: Final = ".mailgun.net"
GONE: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_TOKEN: Final = re.compile(r"[A-Za-z0-9=_-]{1,4000}")


class Stored(msgspec.Struct, frozen=True):
    """A mail that is to be fetched."""

    key: str
    url: str
    recipients: list[str]


class Place(msgspec.Struct, frozen=True):
    """A cursor: how far a round through the list is. Times are seconds since 1970."""

    since: float
    began: float
    page: str = ""
    """Mailgun's own word for the next page; empty at the beginning."""
    mails: list[Stored] = []
    seen: dict[str, float] = {}
    """Mails that were fetched or are about to be, by a digest of their key, and when they came: the newest."""


PLACE: Final = msgspec.json.Decoder(Place)


def beginning(now: datetime) -> Polled:
    """None of the past, and the cursor to begin with."""
    return Polled([], _kept(Place(now.timestamp(), now.timestamp())), b"[]")


class Missed:
    def __init__(self, config: Config, http: Http) -> None:
        self._config = config
        self._http = http
        self._events = f"/v3/{config.at}/events"

    async def since(self, cursor: str, now: datetime) -> Polled | Collected:
        """The next page of events, or the next mail of the last page. Raises Temporary, Misconfigured."""
        try:
            place = PLACE.decode(cursor)
        except msgspec.MsgspecError:
            return beginning(now)
        return await self._mail(place) if place.mails else await self._page(place, now)

    async def _mail(self, place: Place) -> Polled | Collected:
        stored = place.mails[0]
        after = _kept(msgspec.structs.replace(place, mails=place.mails[1:]))
        try:
            found = await asyncio.to_thread(decode, await self._octets(stored.url), WHOLE)
        except (Refused, BadPayload) as error:
            shown = msgspec.json.encode(stored)
            reason = f"a mail that Mailgun stored and does not give: {error.detail}"
            return Polled([Unreadable(key=f"stored:{stored.key}", slice=shown, reason=reason)], after, shown, more=True)
        known = {RECIPIENTS: ",".join(stored.recipients)} | ({MAIL_FROM: found.sender} if found.sender else {})
        octets = await asyncio.to_thread(found.body_mime.encode, "utf-8", "replace")
        return Collected(after, known, _one(octets))

    async def _octets(self, url: str) -> bytes:
        """Raises Refused where it is gone or too large, Temporary, Misconfigured."""
        if not self._at_home(url):
            raise Refused("it lies elsewhere than at Mailgun", code=ErrorCode.MEDIA_UNREACHABLE)
        headers, octets = self._headers(RAW_MAIL), bytearray()
        async with self._http.stream("GET", url, most=LARGEST_MAIL, seconds=MAIL_SECONDS, headers=headers) as stream:
            if stream.status in GONE:
                raise Refused("it is gone", code=ErrorCode.MEDIA_UNREACHABLE, provider_code=str(stream.status))
            async for chunk in stream.chunks:
                octets += chunk
            if stream.status != HTTPStatus.OK:
                settled(Answer(stream.status, stream.headers, bytes(octets)), self._config.rate_pause)
        return bytes(octets)

    async def _page(self, place: Place, now: datetime) -> Polled:
        if not place.page:
            oldest = (now - KEPT).timestamp()
            place = msgspec.structs.replace(place, since=max(place.since, oldest), began=now.timestamp())
        try:
            page = await self._listed(place)
        except Misconfigured:
            if not place.page or now.timestamp() - place.began < FRESH.total_seconds():
                raise
            return Polled([], _kept(msgspec.structs.replace(place, page="")), b"[]", more=True)
        if not page.items:
            return Polled([], _kept(_ended(place)), b"[]")
        items, raws, mails = [], [], dict[str, tuple[float, Stored]]()
        for raw in map(bytes, page.items):
            for found in self._read(raw):
                if isinstance(found, Listed):
                    mails[_digest(found.storage.key)] = found.timestamp, self._stored(found)
                else:
                    items.append(found)
                    raws.append(raw)
        fresh = {key: mail for key, mail in mails.items() if key not in place.seen}
        after = msgspec.structs.replace(
            place,
            page=self._next(page),
            mails=[mail for _, mail in fresh.values()],
            seen=_newest(place.seen | {key: at for key, (at, _) in fresh.items()}),
        )
        return Polled(items, _kept(after), b"[" + b",".join(raws) + b"]", more=True)

    async def _listed(self, place: Place) -> Page:
        kinds = (*ABOUT_OURS, STORED) if self._config.store else ABOUT_OURS
        asked = {"begin": int(place.since), "ascending": "yes", "limit": PORTION, "event": " OR ".join(kinds)}
        path = f"{self._events}/{place.page}" if place.page else f"{self._events}?{urlencode(asked)}"
        answer = await self._http.request(
            "GET",
            f"{self._config.api_base.rstrip('/')}{path}",
            headers=self._headers("application/json"),
            seconds=self._config.send_seconds,
            most=LARGEST_PAGE,
            reads=True,
        )
        try:
            return decode(settled(answer, self._config.rate_pause).body, PAGE)
        except BadPayload as error:
            raise Temporary(f"a list that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None

    def _read(self, raw: bytes) -> Iterator[Inbound | Listed]:
        """What is told of a mail of ours or by who got it, or a mail that came to us."""
        try:
            listed = decode(raw, LISTED)
            if listed.event == STORED:
                if listed.storage.key and any(map(self._config.takes, listed.message.recipients)):
                    yield listed
                return
            event = decode(raw, EVENT)
            item = told(event)
        except BadPayload as error:
            yield Unreadable(key=f"listed:{sha256(raw).hexdigest()}", slice=raw, reason=error.detail)
            return
        if isinstance(item, ConsentChanged) or (isinstance(item, StatusChanged) and token_of(event) is not None):
            yield item

    def _stored(self, listed: Listed) -> Stored:
        ours = [one for one in listed.message.recipients if self._config.takes(one)]
        return Stored(listed.storage.key, listed.storage.url, ours[:MOST_RECIPIENTS])

    def _next(self, page: Page) -> str:
        """Only its name is taken; it is asked for where the first was."""
        path, _, token = urlsplit(page.paging.next).path.rpartition("/")
        if path != self._events or not _TOKEN.fullmatch(token):
            raise Temporary("a list that names no next page of its own", code=ErrorCode.PROVIDER_DOWN)
        return token

    def _at_home(self, url: str) -> bool:
        """Whether our key may be shown there."""
        try:
            told, ours = urlsplit(url), urlsplit(self._config.api_base)
            if (told.scheme, told.netloc) == (ours.scheme, ours.netloc):
                return True
            return told.scheme == "https" and told.netloc == told.hostname and told.netloc.endswith(HOME)
        except ValueError:
            return False

    def _headers(self, accept: str) -> Mapping[str, str]:
        return {"authorization": login(self._config), "accept": accept}


def _ended(place: Place) -> Place:
    """Where the next round begins."""
    since = max(place.since, place.began - LATE.total_seconds())
    return Place(since, place.began, seen=_newest({key: at for key, at in place.seen.items() if at >= since}))


def _newest(seen: Mapping[str, float]) -> dict[str, float]:
    """What is left out is fetched again at the worst, and known by its key."""
    return dict(sorted(seen.items(), key=lambda one: one[1])[-MOST_SEEN:])


def _digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()[:16]


async def _one(octets: bytes) -> AsyncGenerator[bytes, None]:
    yield octets


def _kept(place: Place) -> str:
    return msgspec.json.encode(place).decode()
