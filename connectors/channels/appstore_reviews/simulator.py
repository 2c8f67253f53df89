"""App Store Connect over loopback: `python -m connectors.channels.appstore_reviews.simulator` runs it alone.

It checks the token that each request is signed with, lists reviews by pages, the newest first, and takes one answer for
each. In `requests` a token stands as what it says, because no two signatures are the same.
"""

import argparse
import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from jwt.types import Options

from connectors.channels.appstore_reviews import AUDIENCE
from connectors.kit.request import Request
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply, WireRequest, run

FIRST: Final = "00000000-0000-4000-8000-000000000001"
"""A review that is there from the beginning."""
LONGEST: Final = 1200
"""Seconds that a token may live."""


def failed(status: int, code: str, detail: str) -> Reply:
    return Reply.json({"errors": [{"status": str(status), "code": code, "title": code, "detail": detail}]}, status)


UNAUTHORIZED: Final = failed(401, "NOT_AUTHORIZED", "Provide a properly configured and signed bearer token.")


def _posted(request: Request) -> Request:
    return replace(request, method="POST", url=f"https://hub.example.com{urlsplit(request.url).path}")


def _of_that_name(request: Request) -> Request:
    """The same with its method, which HTTP lets anybody write."""
    return replace(request, url=f"https://hub.example.com{urlsplit(request.url).path}")


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: failed(429, "RATE_LIMIT_EXCEEDED", "You have exceeded your rate limit."),
        Failure.SERVER_ERROR: failed(500, "UNEXPECTED_ERROR", "An unexpected error occurred."),
        Failure.UNAUTHORIZED: UNAUTHORIZED,
        Failure.UNREACHABLE: failed(404, "NOT_FOUND", "There is no resource of this id."),
        Failure.REFUSED: failed(409, "ENTITY_ERROR.ATTRIBUTE.INVALID", "The attribute 'responseBody' is invalid."),
    }
    LACKS: ClassVar[Mapping[Failure, str]] = {Failure.BLOCKED: "whoever wrote a review cannot shut us out"}
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = {
        "posted": _posted,
        "posted with its method": _of_that_name,
    }

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self.reviews: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, dict[str, Any]] = {}
        """By review."""
        self.page = 200
        """The largest page."""
        self._numbers = itertools.count(2)
        self._made = itertools.count(1)
        key = load_pem_private_key(self.config["private_key"].encode(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._key = key.public_key()
        self.write("An old one", "Nothing to say", at=datetime(2020, 1, 1, tzinfo=UTC), name=FIRST)

    def write(self, title: str, body: str, rating: int = 2, at: datetime | None = None, name: str | None = None) -> str:
        """A review, or another wording of one; its id."""
        name = name or f"00000000-0000-4000-8000-{next(self._numbers):012}"
        created = (at or datetime.now(UTC)).isoformat(timespec="seconds")
        attributes = {"rating": rating, "title": title, "body": body, "reviewerNickname": "ann", "territory": "GBR"}
        before = self.reviews.get(name, {}).get("attributes", {}).get("createdDate")
        self.reviews[name] = {
            "type": "customerReviews",
            "id": name,
            "attributes": {**attributes, "createdDate": before or created},
            "links": {"self": f"https://api.example.com/v1/customerReviews/{name}"},
        }
        return name

    def publish(self) -> None:
        """All answers are shown from now on."""
        for answer in self.answers.values():
            answer["attributes"]["state"] = "PUBLISHED"

    def genuine(self, payload: bytes) -> WireRequest:
        """A batch as a poll brings it."""
        count = len(msgspec.json.decode(payload)["data"])
        headers = {"news": ",".join(["new"] * count)}
        return WireRequest("COLLECT", urlsplit(self.hub_url).path or "/", headers, payload)

    def message(self, text: str = "hi", sender: str = "ann") -> bytes:  # noqa: ARG002 - nobody tells who wrote
        return msgspec.json.encode({"data": [self.reviews[self.write("", text)]]})

    def is_send(self, request: WireRequest) -> bool:
        return request.method == "POST"

    def _arrived(self, request: WireRequest) -> Failure | None:
        said = self._said(request.headers.get("authorization", "").removeprefix("Bearer "))
        return super()._arrived(replace(request, headers={**request.headers, "authorization": said}))

    def _said(self, token: str) -> str:
        """What a token says, if it is a good one."""
        try:
            head = jwt.get_unverified_header(token)
            # The clock is the test's.
            options: Options = {"verify_exp": False, "verify_iat": False, "require": ["exp", "iat"]}
            claims = jwt.decode(
                token, self._key, ["ES256"], options, audience=AUDIENCE, issuer=self.config["issuer_id"]
            )
        except jwt.PyJWTError as error:
            return f"not a token: {type(error).__name__}"
        if head.get("kid") != self.config["key_id"] or not 0 < claims["exp"] - claims["iat"] <= LONGEST:
            return "not a token of this key, or one that lives too long"
        return f"{head['alg']} {head['kid']} {claims['iss']}"

    async def answer(self, request: WireRequest) -> Reply:
        said = self._said(request.headers.get("authorization", "").removeprefix("Bearer "))
        if not said.startswith("ES256 "):
            return UNAUTHORIZED
        url = urlsplit(request.path)
        app = f"/v1/apps/{self.config['app_id']}"
        if request.method == "GET" and url.path == app:
            return Reply.json(
                {"data": {"type": "apps", "attributes": {"name": "Acme", "bundleId": "com.example.acme"}}}
            )
        if request.method == "GET" and url.path == f"{app}/customerReviews":
            return self._list(dict(parse_qsl(url.query)), url.path)
        if request.method == "POST" and url.path == "/v1/customerReviewResponses":
            return self._respond(msgspec.json.decode(request.body))
        return self.FAILURES[Failure.UNREACHABLE]

    def _list(self, query: dict[str, str], path: str) -> Reply:
        start, size = int(query.get("cursor", 0)), min(int(query.get("limit", 50)), self.page)
        every = sorted(self.reviews.values(), key=lambda one: str(one["attributes"]["createdDate"]), reverse=True)
        shown = every[start : start + size]
        answers = [self.answers[one["id"]] for one in shown if one["id"] in self.answers]
        following = {**query, "cursor": str(start + size)}
        links = {"next": f"https://api.example.com{path}?{urlencode(following)}"} if start + size < len(every) else {}
        return Reply.json({"data": shown, "included": answers, "links": links})

    def _respond(self, given: dict[str, Any]) -> Reply:
        data = given["data"]
        name, text = data["relationships"]["review"]["data"]["id"], data["attributes"]["responseBody"]
        if name not in self.reviews:
            return self.FAILURES[Failure.UNREACHABLE]
        if not text:
            return self.FAILURES[Failure.REFUSED]
        before = self.answers.get(name, {}).get("id")
        at = (datetime(2026, 11, 21, 10, tzinfo=UTC) + timedelta(seconds=next(self._made))).isoformat()
        self.answers[name] = {
            "type": "customerReviewResponses",
            "id": before or f"answer-to-{name}",
            "attributes": {"responseBody": text, "lastModifiedDate": at, "state": "PENDING_PUBLISH"},
        }
        return Reply.json({"data": self.answers[name]}, 201)


def new_key() -> str:
    """A key as the file of App Store Connect holds one."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="App Store Connect over loopback.")
    wanted.add_argument("--app-id", default="1234567890")
    wanted.add_argument("--key-id", default="ABC1234567")
    wanted.add_argument("--issuer-id", default="69a6de70-0000-47e3-e053-5b8c7c11a4d1")
    wanted.add_argument("--private-key", default="", help="as in the configuration; else one of its own")
    told = wanted.parse_args()
    run(Simulator({**vars(told), "private_key": told.private_key or new_key()}))
