"""The Send API that Messenger and Instagram share, over loopback: what each channel's simulator adds to."""

import itertools
import re
from abc import abstractmethod
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from time import time
from typing import Any, ClassVar, Final

import msgspec

from connectors.families.meta import simulated
from connectors.families.meta.simulated import failed
from connectors.kit.request import Request
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply, WireRequest

FILES: Final = "/cdn/"
COMMENT: Final = re.compile(r"[0-9]+(_[0-9]+)*", re.ASCII)
Routes = Mapping[tuple[str, str], Callable[[WireRequest], Reply]]


def failures(most: int) -> Mapping[Failure, Reply]:
    """As Graph words them; a text is too long beyond `most`."""
    too_long = f"(#100) Length of param message[text] must be less than or equal to {most}"
    return {
        Failure.RATE_LIMITED: failed(400, 613, "(#613) Calls to this api have exceeded the rate limit."),
        Failure.SERVER_ERROR: failed(500, 1, "An unknown error occurred"),
        Failure.UNAUTHORIZED: failed(401, 190, "Error validating access token", 463),
        Failure.UNREACHABLE: failed(400, 551, "(#551) This person isn't available right now.", 1545041),
        Failure.REFUSED: failed(400, 100, too_long),
    }


class SendApi(LoopbackSimulator):
    """Checks the token, takes messages, refuses what the real one refuses by the same codes, and gives out files."""

    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = simulated.MUTATORS
    OBJECT: ClassVar[str]
    """What webhooks are about: `page`, `instagram`."""
    OWNER: ClassVar[str]
    """The setting that names who sends."""
    NAMES: ClassVar[str]
    """How names of messages begin."""
    PERSON: ClassVar[str]
    """A person who writes."""
    UNDER: ClassVar[str]
    """What answers to a comment are called: `comments`, `replies`."""

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self.sent: dict[str, dict[str, Any]] = {}
        """What was taken, by its id."""
        self.written: dict[str, tuple[str, str]] = {}
        """Answers to comments, by their names: under what, and the words."""
        self.conversations: list[dict[str, Any]] = []
        """What people wrote, as it is listed."""
        self.shown: list[dict[str, Any]] = []
        """Signs and reactions."""
        self.files: dict[str, tuple[str, bytes]] = {}
        self.owner: str = config[self.OWNER]
        # Beginning with the time, so that what another run made is not taken for the same message.
        self._numbers = itertools.count(int(time() * 1000))

    # --- the provider's side of a webhook -----------------------------------------------------------------------------

    def genuine(self, payload: bytes) -> WireRequest:
        return simulated.genuine(self.config, self.hub_url, payload)

    def handshake(self, challenge: str = "1158201444") -> WireRequest:
        return simulated.handshake(self.config, self.hub_url, challenge)

    def message(self, text: str = "hi", sender: str | None = None) -> bytes:
        return self.item(sender, message={"mid": self.name(), "text": text})

    def item(self, sender: str | None = None, *, kind: str = "messaging", **told: Any) -> bytes:
        """A webhook for one item, by a person."""
        whose = {"sender": {"id": sender or self.PERSON}, "recipient": {"id": self.owner}}
        return self.batch({kind: [{**whose, "timestamp": int(time() * 1000), **told}]})

    def echoed(self, to: str | None, message: Mapping[str, Any]) -> bytes:
        """A webhook for what was said in the owner's name."""
        whose = {"sender": {"id": self.owner}, "recipient": {"id": to or self.PERSON}}
        return self.batch({"messaging": [{**whose, "timestamp": int(time() * 1000), "message": message}]})

    def held(self, content: bytes, media_type: str = "image/jpeg", kind: str = "image") -> bytes:
        """A webhook for a file, which can then be fetched."""
        name = str(next(self._numbers))
        self.files[name] = (media_type, content)
        attachment = {"type": kind, "payload": {"url": f"{self.url}{FILES}{name}"}}
        return self.item(message={"mid": self.name(), "attachments": [attachment]})

    def batch(self, *entries: Mapping[str, Any]) -> bytes:
        told = [{"id": self.owner, "time": int(time() * 1000), **entry} for entry in entries]
        return msgspec.json.encode({"object": self.OBJECT, "entry": told})

    def name(self) -> str:
        """Of the next message."""
        return f"{self.NAMES}_{next(self._numbers)}"

    # --- the Graph API ------------------------------------------------------------------------------------------------

    def is_send(self, request: WireRequest) -> bool:
        return request.method == "POST" and request.path.endswith(("/messages", f"/{self.UNDER}"))

    @abstractmethod
    def fits(self, text: str) -> bool:
        """Whether a text is not too long."""

    def messages(self, request: WireRequest) -> Reply:
        body = simulated.body_of(request)
        whom = body.get("recipient", {}).get("id", "")
        if "sender_action" in body:
            self.shown.append(body)
            return Reply.json({"recipient_id": whom})
        if not self.fits(body.get("message", {}).get("text", "")):
            return self.FAILURES[Failure.REFUSED]
        if not body.get("message") or body.get("messaging_type") not in ("RESPONSE", "MESSAGE_TAG", "UTILITY"):
            return failed(400, 100, "(#100) Param message must be non-empty.")
        name = self.name()
        self.sent[name] = body
        return Reply.json({"recipient_id": whom, "message_id": name})

    def asked(self, request: WireRequest, routes: Routes, config: Mapping[str, Any]) -> Reply:
        """What a request gets that shows this configuration's token."""
        if not simulated.may(request, config):
            return self.FAILURES[Failure.UNAUTHORIZED]
        path = simulated.path_of(request, self.config) or ""
        under, _, edge = path.rpartition("/")
        if request.method == "POST" and edge == self.UNDER and COMMENT.fullmatch(under):
            return self.comment(under, simulated.body_of(request).get("message", ""))
        if (request.method, path) == ("GET", "me/conversations"):
            return self.listed(request)
        route = routes.get((request.method, path))
        return route(request) if route is not None else failed(404, 100, "Unsupported request", 33)

    def wrote(self, words: str, *, ago: float = 0.0, sender: str | None = None, **told: Any) -> dict[str, Any]:
        """Puts a message into the list of conversations, as people wrote it so many seconds ago."""
        at = datetime.fromtimestamp(time() - ago, UTC).strftime("%Y-%m-%dT%H:%M:%S%z")
        whose = {"from": {"id": sender or self.PERSON}, "to": {"data": [{"id": self.owner}]}}
        message = {"id": self.name(), "created_time": at, **whose, "message": words, **told}
        self.conversations.insert(0, {"id": "t_1", "updated_time": at, "messages": {"data": [message]}})
        return message

    def listed(self, request: WireRequest) -> Reply:
        """A page of conversations, those with news first."""
        asked = simulated.query_of(request)
        start, most = int(asked.get("after", "0")), int(asked.get("limit", "25"))
        page: dict[str, Any] = {"data": self.conversations[start : start + most]}
        if start + most < len(self.conversations):
            page["paging"] = {"cursors": {"after": str(start + most)}, "next": "https://graph.example.net/next"}
        return Reply.json(page)

    def comment(self, under: str, words: str) -> Reply:
        if not words:
            return failed(400, 100, "(#100) Missing message or attachment")
        name = str(next(self._numbers))
        self.written[name] = (under, words)
        return Reply.json({"id": name})

    def file(self, request: WireRequest) -> Reply | None:
        """What is given out; None where no file is asked for."""
        if not request.path.startswith(FILES):
            return None
        media_type, content = self.files.get(request.path.removeprefix(FILES), ("", b""))
        return Reply(200, content, {"content-type": media_type}) if media_type else Reply(403)
