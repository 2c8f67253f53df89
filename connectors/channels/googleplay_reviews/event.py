"""What the Google Play Developer API answers, as far as it is read.

Source: the discovery document androidpublisher.v3 (google-api-python-client 2.202, read 2026-11).
"""

from typing import Annotated

import msgspec

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Seconds = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799)]


class Timestamp(msgspec.Struct, frozen=True):
    seconds: Seconds = 0
    """Comes as a text."""
    nanos: Annotated[int, msgspec.Meta(ge=0, lt=1_000_000_000)] = 0


class Device(msgspec.Struct, frozen=True, rename="camel"):
    product_name: str | None = None
    manufacturer: str | None = None


class UserComment(msgspec.Struct, frozen=True, rename="camel"):
    text: str
    last_modified: Timestamp
    star_rating: Annotated[int, msgspec.Meta(ge=1, le=5)]
    reviewer_language: str | None = None
    device: str | None = None
    android_os_version: int | None = None
    app_version_code: int | None = None
    app_version_name: str | None = None
    device_metadata: Device | None = None


class Comment(msgspec.Struct, frozen=True, rename="camel"):
    user_comment: UserComment | None = None


class Review(msgspec.Struct, frozen=True, rename="camel"):
    review_id: Name
    comments: tuple[Comment, ...]
    author_name: str | None = None

    @property
    def said(self) -> UserComment | None:
        """What the customer wrote."""
        return next((one.user_comment for one in self.comments if one.user_comment is not None), None)


class Pages(msgspec.Struct, frozen=True, rename="camel"):
    next_page_token: str | None = None


class Listed(msgspec.Struct, frozen=True, rename="camel"):
    reviews: list[msgspec.Raw] = []
    token_pagination: Pages = Pages()


class Result(msgspec.Struct, frozen=True, rename="camel"):
    last_edited: Timestamp = Timestamp()


class Replied(msgspec.Struct, frozen=True):
    result: Result


class Token(msgspec.Struct, frozen=True):
    access_token: Annotated[str, msgspec.Meta(min_length=1)]
    expires_in: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 3600

    def __repr__(self) -> str:
        return "Token(***)"


class Cause(msgspec.Struct, frozen=True):
    reason: str | None = None


class Error(msgspec.Struct, frozen=True):
    message: str | None = None
    status: str | None = None
    errors: tuple[Cause, ...] = ()


class Problem(msgspec.Struct, frozen=True):
    error: Error = Error()


class Batch(msgspec.Struct, frozen=True):
    """What a poll collects: reviews as they came."""

    reviews: list[msgspec.Raw]


REVIEW = msgspec.json.Decoder(Review, strict=False)
LISTED = msgspec.json.Decoder(Listed)
REPLIED = msgspec.json.Decoder(Replied, strict=False)
TOKEN = msgspec.json.Decoder(Token)
PROBLEM = msgspec.json.Decoder(Problem)
BATCH = msgspec.json.Decoder(Batch)
