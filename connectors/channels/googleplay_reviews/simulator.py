"""Google Play's API over loopback: `python -m connectors.channels.googleplay_reviews.simulator` runs it alone.

It gives tokens for a service account's signed word, lists reviews by pages, the newest first, and takes one reply for
each. Tokens it gives are kept in `tokens`, not in `requests`: asking for one is no part of what is sent.
"""

import argparse
import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from time import time
from typing import Any, ClassVar, Final
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from jwt.types import Options

from connectors.channels.googleplay_reviews.tokens import AUDIENCE, GRANT, LIVES, SCOPE
from connectors.kit.request import Request
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply, WireRequest, run

FIRST: Final = "gp:AOqpTOE-first"
"""A review that is there from the beginning."""
TOKENS: Final = "/token"
TOKEN: Final = "ya29.simulated-access-token"  # noqa: S105 - opens nothing
LONGEST: Final = 350


def failed(code: int, status: str, message: str, reason: str = "") -> Reply:
    errors = [{"message": message, "domain": "global", "reason": reason or status.lower()}]
    return Reply.json({"error": {"code": code, "message": message, "status": status, "errors": errors}}, code)


UNAUTHENTICATED: Final = failed(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.", "authError")


def _posted(request: Request) -> Request:
    return replace(request, method="POST", url=f"https://hub.example.com{urlsplit(request.url).path}")


def _of_that_name(request: Request) -> Request:
    """The same with its method, which HTTP lets anybody write."""
    return replace(request, url=f"https://hub.example.com{urlsplit(request.url).path}")


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: failed(429, "RESOURCE_EXHAUSTED", "Quota exceeded.", "rateLimitExceeded"),
        Failure.SERVER_ERROR: failed(500, "INTERNAL", "Internal error encountered."),
        Failure.UNAUTHORIZED: UNAUTHENTICATED,
        Failure.UNREACHABLE: failed(404, "NOT_FOUND", "Review not found.", "reviewNotFound"),
        Failure.REFUSED: failed(400, "INVALID_ARGUMENT", "The reply text is too long.", "replyTextTooLong"),
    }
    LACKS: ClassVar[Mapping[Failure, str]] = {Failure.BLOCKED: "whoever wrote a review cannot shut us out"}
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = {
        "posted": _posted,
        "posted with its method": _of_that_name,
    }

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self.reviews: dict[str, dict[str, Any]] = {}
        self.tokens: list[dict[str, Any]] = []
        """What each word said for which a token was given."""
        self.page = 100
        """The largest page."""
        self.lapsed = False
        """The token is good no more; the next is."""
        self._numbers = itertools.count(1)
        self._replied = itertools.count(1_795_255_200)
        self._account = msgspec.json.decode(self.config["service_account_key"])
        key = load_pem_private_key(self._account["private_key"].encode(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        self._key = key.public_key()
        self.write("Nothing to say", at=1_577_836_800, name=FIRST)

    def write(self, text: str, rating: int = 2, at: float | None = None, name: str | None = None, **said: Any) -> str:
        """A review, or another wording of one; its id. `said` is more of the comment."""
        name = name or f"gp:AOqpTOE-{next(self._numbers)}"
        moment = time() if at is None else at
        comment = {
            "text": text,
            "lastModified": {"seconds": str(int(moment)), "nanos": int(moment % 1 * 1e9)},
            "starRating": rating,
            **said,
        }
        self.reviews[name] = {"reviewId": name, "authorName": "Ann Example", "comments": [{"userComment": comment}]}
        return name

    def settings(self) -> dict[str, Any]:
        return {**self.config, "api_base": self.url, "oauth_url": f"{self.url}{TOKENS}"}

    def genuine(self, payload: bytes) -> WireRequest:
        """A batch as a poll brings it."""
        headers = {"news": ",".join(["new"] * len(msgspec.json.decode(payload)["reviews"]))}
        return WireRequest("COLLECT", urlsplit(self.hub_url).path or "/", headers, payload)

    def message(self, text: str = "hi", sender: str = "ann") -> bytes:  # noqa: ARG002 - nobody tells who wrote
        return msgspec.json.encode({"reviews": [self.reviews[self.write(text)]]})

    def is_send(self, request: WireRequest) -> bool:
        return request.method == "POST" and request.path != TOKENS

    def _arrived(self, request: WireRequest) -> Failure | None:
        return None if request.path == TOKENS else super()._arrived(request)

    async def answer(self, request: WireRequest) -> Reply:
        url = urlsplit(request.path)
        if url.path == TOKENS:
            return self._give(dict(parse_qsl(request.body.decode())))
        if request.headers.get("authorization") != f"Bearer {TOKEN}" or self.lapsed:
            return UNAUTHENTICATED
        beginning = f"/androidpublisher/v3/applications/{self.config['package_name']}/reviews"
        if request.method == "GET" and url.path == beginning:
            return self._list({name: values[0] for name, values in parse_qs(url.query).items()})
        if request.method == "POST" and url.path.startswith(f"{beginning}/") and url.path.endswith(":reply"):
            name = unquote(url.path.removeprefix(f"{beginning}/").removesuffix(":reply"))
            return self._reply(name, msgspec.json.decode(request.body))
        return self.FAILURES[Failure.UNREACHABLE]

    def _give(self, given: dict[str, str]) -> Reply:
        try:
            # The clock is the test's.
            options: Options = {"verify_exp": False, "verify_iat": False, "require": ["exp", "iat"]}
            claims = jwt.decode(given.get("assertion", ""), self._key, ["RS256"], options, audience=AUDIENCE)
        except jwt.PyJWTError:
            return Reply.json({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, 400)
        wanted = (self._account["client_email"], SCOPE, GRANT)
        if (claims.get("iss"), claims.get("scope"), given.get("grant_type")) != wanted:
            return Reply.json({"error": "invalid_grant", "error_description": "account not found"}, 400)
        if not 0 < claims["exp"] - claims["iat"] <= LIVES:
            return Reply.json({"error": "invalid_grant", "error_description": "Token must be a short-lived token"}, 400)
        self.tokens.append(claims)
        self.lapsed = False
        return Reply.json({"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"})

    def _list(self, query: dict[str, str]) -> Reply:
        start, size = int(query.get("token", 0)), min(int(query.get("maxResults", 10)), self.page)
        every = sorted(self.reviews.values(), key=_written, reverse=True)
        following = {"tokenPagination": {"nextPageToken": str(start + size)}} if start + size < len(every) else {}
        return Reply.json({"reviews": every[start : start + size], **following})

    def _reply(self, name: str, given: dict[str, Any]) -> Reply:
        if name not in self.reviews:
            return self.FAILURES[Failure.UNREACHABLE]
        text = given["replyText"]
        if not text or len(text) > LONGEST:
            return self.FAILURES[Failure.REFUSED]
        edited = {"seconds": str(next(self._replied))}
        reply = {"developerComment": {"text": text, "lastModified": edited}}
        self.reviews[name]["comments"] = [self.reviews[name]["comments"][0], reply]
        return Reply.json({"result": {"replyText": text, "lastEdited": edited}})

    def replies(self) -> list[str]:
        """What stands beneath reviews."""
        return [one["comments"][1]["developerComment"]["text"] for one in self.reviews.values() if one["comments"][1:]]


def _written(review: Mapping[str, Any]) -> tuple[int, int]:
    at = review["comments"][0]["userComment"]["lastModified"]
    return int(at["seconds"]), at["nanos"]


def new_account(email: str = "hub@acme.iam.gserviceaccount.com") -> str:
    """A service account's key as its file holds it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    told = {
        "type": "service_account",
        "project_id": "acme",
        "private_key_id": "0123456789abcdef",
        "private_key": pem,
        "client_email": email,
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    return msgspec.json.encode(told).decode()


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="The Google Play Developer API over loopback.")
    wanted.add_argument("--package-name", default="com.example.acme")
    wanted.add_argument("--service-account-key", default="", help="as in the configuration; else one of its own")
    told = wanted.parse_args()
    run(Simulator({**vars(told), "service_account_key": told.service_account_key or new_account()}))
