"""A forum over loopback: `python -m connectors.channels.discourse.simulator` runs it alone.

It checks key and user, takes posts in the topics it knows, and refuses those that are too short. Webhooks it makes with
`genuine`; what they say, with `message` and `post`.
"""

import argparse
import itertools
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

from connectors.channels.discourse import HEADER, signature
from connectors.kit.request import Request
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply, WireRequest, run

LISTS: Final = {"/posts.json": "latest_posts", "/private-posts.json": "private_posts"}
PAGE: Final = 50
SHORTEST: Final = 5
"""Characters; the site setting `min_post_length` asks for twenty where it was left alone."""


def failed(status: int, words: str, kind: str | None = None, **extras: Any) -> Reply:
    told = {"errors": [words]} | ({"error_type": kind} if kind else {}) | ({"extras": extras} if extras else {})
    return answered(told, status)


def answered(value: Any, status: int = 200) -> Reply:
    """As the forum writes it, which some clients insist on."""
    return Reply.json(value, status, content_type="application/json; charset=utf-8")


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: failed(429, "Please wait 10 seconds before trying again.", "rate_limit", wait_seconds=10),
        Failure.SERVER_ERROR: Reply(500),
        Failure.UNAUTHORIZED: failed(403, "The API username or key is invalid.", "invalid_access"),
        Failure.REFUSED: failed(422, "Body is too short (minimum is 20 characters)"),
    }
    LACKS: ClassVar[Mapping[Failure, str]] = {
        Failure.BLOCKED: "a topic stays, whoever reads it",
        Failure.UNREACHABLE: "a topic that is gone or closed is refused like a text that is too short",
    }
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = {
        "signature dropped": mutate.header_dropped(HEADER),
        "signature emptied": mutate.header_emptied(HEADER),
        "signature changed": mutate.header_flipped(HEADER),
        "signature cut": mutate.header_cut(HEADER),
        "octet changed": mutate.body_flipped,
        "octet added": mutate.body_extended,
    }

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self.posts: list[dict[str, Any]] = []
        """What was written by the API."""
        self.listed: list[dict[str, Any]] = []
        """What lists tell, the oldest first."""
        self.files: dict[str, bytes] = {}
        """By where they can be fetched."""
        self.liked: set[int] = set()
        """Posts we like."""
        self.strict = False
        """We may like nothing more."""
        self.moderated = False
        """Posts wait until somebody approves of them."""
        self.event = "post_created"
        """Of which webhooks tell."""
        self._ids = itertools.count(5001)
        self._events = itertools.count(1)

    def genuine(self, payload: bytes) -> WireRequest:
        headers = {
            "content-type": "application/json",
            "x-discourse-instance": self.config["api_base"],
            "x-discourse-event-id": str(next(self._events)),
            "x-discourse-event-type": "post",
            "x-discourse-event": self.event,
            HEADER: signature(self.config["webhook_secret"], payload),
        }
        return WireRequest("POST", urlsplit(self.hub_url).path or "/", headers, payload)

    def message(self, text: str = "hi", sender: str = "1001") -> bytes:
        return self.post(text, sender)

    def post(self, text: str, sender: str = "1001", **fields: Any) -> bytes:
        """A post in a webhook; `fields` are the post's."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        number = next(self._ids)
        told = {
            "id": number,
            "name": f"Customer {sender}",
            "username": f"customer{sender}",
            "created_at": at,
            "cooked": f"<p>{text}</p>",
            "post_number": number - 5000,
            "post_type": 1,
            "updated_at": at,
            "reply_to_post_number": None,
            "topic_id": 77,
            "topic_slug": "where-is-my-order",
            "topic_title": "Where is my order?",
            "version": 1,
            "user_id": int(sender),
            "admin": False,
            "moderator": False,
            "staff": False,
            "raw": text,
            "topic_archetype": "regular",
        }
        return msgspec.json.encode({"post": {**told, **fields}})

    def is_send(self, request: WireRequest) -> bool:
        return request.method == "POST" and request.path.startswith("/posts")

    async def answer(self, request: WireRequest) -> Reply:
        if (request.headers.get("api-key"), request.headers.get("api-username")) != (
            self.config["api_key"],
            self.config["username"],
        ):
            return self.FAILURES[Failure.UNAUTHORIZED]
        path = urlsplit(request.path).path
        if request.method == "GET" and path == f"/u/{self.config['username']}.json":
            return answered({"user": {"id": 5, "username": self.config["username"], "name": "Support"}})
        if request.method == "GET" and path in LISTS:
            return self._list(LISTS[path], dict(parse_qsl(urlsplit(request.path).query)))
        if path.startswith(("/posts/by_number/", "/post_actions")):
            return self._act(request, path)
        if request.method == "GET" and path in self.files:
            return Reply(200, self.files[path], {"content-type": "image/png"})
        if request.method == "POST" and path == "/uploads.json":
            return self._take(request)
        if request.method != "POST" or path not in ("/posts.json", "/posts"):
            return failed(404, "The requested URL or resource could not be found.", "not_found")
        return self._write(_given(request))

    def lists(self, text: str, sender: str = "1001", **fields: Any) -> dict[str, Any]:
        """A post that stands in the forum, whether or not a webhook told of it."""
        told: dict[str, Any] = msgspec.json.decode(self.post(text, sender, **fields))["post"]
        self.listed.append(told)
        return told

    def _list(self, root: str, asked: Mapping[str, str]) -> Reply:
        """Lists do not say of which kind a post's topic is."""
        private, before = root == "private_posts", int(asked.get("before", str(1 << 62)))
        found = [
            {name: value for name, value in post.items() if name != "topic_archetype"}
            for post in reversed(self.listed)
            if post["id"] <= before and (post["topic_archetype"] == "private_message") is private
        ]
        return answered({root: found[:PAGE]})

    def like(self, topic: int, number: int, sender: str = "1001") -> bytes:
        """Somebody likes a post, as a webhook tells it."""
        self.event = "post_liked"
        post = msgspec.json.decode(self.post("x", "5", username="support", topic_id=topic, post_number=number))["post"]
        user = {"id": int(sender), "username": f"customer{sender}", "name": f"Customer {sender}"}
        return msgspec.json.encode({"like": {"post": post, "user": user}})

    def _act(self, request: WireRequest, path: str) -> Reply:
        """A post's id is made of topic and number."""
        if request.method == "GET":
            topic, number = path.removeprefix("/posts/by_number/").removesuffix(".json").split("/")
            name = int(topic) * 1000 + int(number)
            liked = {"acted": True, "can_undo": True} if name in self.liked else {"can_act": not self.strict}
            return answered({"id": name, "actions_summary": [{"id": 3, "can_act": True}, {"id": 2, **liked}]})
        if request.method == "POST":
            self.liked.add(int(_given(request)["id"]))
        else:
            self.liked.discard(int(path.removeprefix("/post_actions/").removesuffix(".json")))
        return answered({"id": 1})

    def _take(self, request: WireRequest) -> Reply:
        name = f"{len(self.files) + 1}".rjust(27, "x") + ".png"
        found = re.search(rb'name="file".*?\r\n\r\n(.*)\r\n--', request.body, re.DOTALL)
        if found is None or b"composer" not in request.body:
            return failed(422, "You supplied invalid parameters to the request.", "invalid_parameters")
        self.files[f"/uploads/short-url/{name}"] = found[1]
        return answered({"id": len(self.files), "short_url": f"upload://{name}", "extension": "png"})

    def _write(self, given: dict[str, Any]) -> Reply:
        if len(given.get("raw") or "") < SHORTEST:
            return self.FAILURES[Failure.REFUSED]
        if self.moderated:
            return answered({"success": True, "action": "enqueued", "pending_count": 1})
        self.posts.append(given)
        number = next(self._ids)
        told = {"id": number, "topic_id": int(given["topic_id"]), "post_number": number - 5000}
        return answered({**told, "username": self.config["username"], "raw": given["raw"], "post_type": 1})


def _given(request: WireRequest) -> dict[str, Any]:
    if request.headers.get("content-type", "").startswith("application/json"):
        return msgspec.json.decode(request.body, type=dict[str, Any])
    return dict(parse_qsl(request.body.decode() or urlsplit(request.path).query))


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="A Discourse forum over loopback.")
    wanted.add_argument("--api-base", default="https://forum.example.com")
    wanted.add_argument("--api-key", default="simulated-api-key")
    wanted.add_argument("--username", default="support")
    wanted.add_argument("--webhook-secret", default="simulated-webhook-secret")
    told = wanted.parse_args()
    run(Simulator(vars(told)))
