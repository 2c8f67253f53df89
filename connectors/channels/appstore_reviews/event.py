"""What App Store Connect answers, as far as it is read.

Source: developer.apple.com/documentation/appstoreconnectapi: customerReview, customerReviewResponseV1,
get-v1-apps-_id_-customerReviews, errorResponse (read 2026-11).
"""

from typing import Annotated

import msgspec

from normalizer.model import Time

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Attributes(msgspec.Struct, frozen=True, rename="camel"):
    rating: Annotated[int, msgspec.Meta(ge=1, le=5)]
    created_date: Time
    title: str | None = None
    body: str | None = None
    reviewer_nickname: str | None = None
    territory: str | None = None


class Review(msgspec.Struct, frozen=True):
    id: Name
    attributes: Attributes


class Kind(msgspec.Struct, frozen=True):
    """What a resource is, whatever else it says."""

    type: str = ""
    id: str = ""


class ResponseAttributes(msgspec.Struct, frozen=True, rename="camel"):
    state: str | None = None
    last_modified_date: Time | None = None


class Response(msgspec.Struct, frozen=True):
    id: Name
    attributes: ResponseAttributes = ResponseAttributes()


class Links(msgspec.Struct, frozen=True):
    next: str | None = None


class Page(msgspec.Struct, frozen=True):
    data: list[msgspec.Raw]
    included: list[msgspec.Raw] = []
    links: Links = Links()


class Made(msgspec.Struct, frozen=True):
    data: Response


class AppAttributes(msgspec.Struct, frozen=True, rename="camel"):
    name: str = ""
    bundle_id: str = ""


class App(msgspec.Struct, frozen=True):
    attributes: AppAttributes = AppAttributes()


class Shown(msgspec.Struct, frozen=True):
    data: App


class Problem(msgspec.Struct, frozen=True):
    code: str | None = None
    title: str | None = None
    detail: str | None = None


class Problems(msgspec.Struct, frozen=True):
    errors: tuple[Problem, ...] = ()


class Batch(msgspec.Struct, frozen=True):
    """What a poll collects: resources as they came."""

    data: list[msgspec.Raw]


KIND = msgspec.json.Decoder(Kind)
REVIEW = msgspec.json.Decoder(Review)
RESPONSE = msgspec.json.Decoder(Response)
PAGE = msgspec.json.Decoder(Page)
MADE = msgspec.json.Decoder(Made)
SHOWN = msgspec.json.Decoder(Shown)
PROBLEMS = msgspec.json.Decoder(Problems)
BATCH = msgspec.json.Decoder(Batch)
