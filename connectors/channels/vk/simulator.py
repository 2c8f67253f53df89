"""VK over loopback: `python -m connectors.channels.vk.simulator` runs it alone.

It checks the token, takes messages once for each `random_id`, takes files in three steps, refuses what VK refuses,
keeps the Callback API's servers, keeps comments under posts and gives out files. Webhooks it makes with `genuine`; what
they say, with `message`, `said`, `commented` and `event`.
"""

import argparse
import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from time import time
from typing import Any, ClassVar, Final
from urllib.parse import parse_qs, urlsplit

import msgspec

from connectors.kit.request import Request
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply, WireRequest, run

SEND: Final = "/method/messages.send"
COMMENT: Final = "/method/wall.createComment"
CODE: Final = "7f1c0a9d"
MOST_TEXT: Final = 4096
MOST_OF_A_PAGE: Final = 200
CHATS: Final = 2_000_000_000
WORDS: Final[Mapping[int, str]] = {
    5: "User authorization failed: invalid access_token (4).",
    9: "Flood control",
    213: "Access to status replies denied",
    917: "You don't have access to this chat",
    100: "One of the parameters specified was missing or invalid",
    113: "Invalid user id",
    901: "Can't send messages for users without permission",
    914: "Message is too long",
    936: "Contact not found",
}

Arguments = dict[str, str]


def failure(code: int) -> Reply:
    return Reply.json({"error": {"error_code": code, "error_msg": WORDS[code]}})


def _field(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Request], Request]:
    """Of a call that shows a secret; that of the confirmation need not."""

    def mutated(request: Request) -> Request:
        told = msgspec.json.decode(request.body)
        return replace(request, body=msgspec.json.encode(change(told))) if "secret" in told else request

    return mutated


def _page(items: list[dict[str, Any]], told: Arguments) -> list[dict[str, Any]]:
    start = int(told.get("offset", "0"))
    return items[start : start + min(int(told.get("count", "20")), MOST_OF_A_PAGE)]


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: failure(9),
        Failure.SERVER_ERROR: Reply(502),
        Failure.UNAUTHORIZED: failure(5),
        Failure.BLOCKED: failure(901),
        Failure.UNREACHABLE: failure(936),
        Failure.REFUSED: failure(914),
    }
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = {
        "secret changed": _field(lambda told: told | {"secret": mutate.flipped(told["secret"])}),
        "secret cut": _field(lambda told: told | {"secret": told["secret"][:-1]}),
        "secret emptied": _field(lambda told: told | {"secret": ""}),
        "secret dropped": _field(lambda told: {name: told[name] for name in told if name != "secret"}),
        "another community": _field(lambda told: told | {"group_id": told["group_id"] + 1}),
    }

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self.sent: dict[str, Arguments] = {}
        """What was taken, by `<peer>:<number>`; comments by `wall:<post>:<number>`."""
        self.answered: list[Arguments] = []
        """Presses of buttons that were answered."""
        self.read: list[Arguments] = []
        """What was marked as read."""
        self.servers: dict[int, dict[str, Any]] = {}
        self.left: set[str] = set()
        """Who forbade messages."""
        self.histories: dict[int, list[dict[str, Any]]] = {}
        """What was said in each conversation, by whom it is with; the oldest first."""
        self.files: dict[str, bytes] = {}
        self._known: dict[str, str] = {}
        self._numbers = itertools.count(int(time() * 1000))
        self._made = itertools.count(1)
        self._methods: Mapping[str, Callable[[Arguments], Any]] = {
            "messages.setActivity": lambda _: 1,
            "messages.markAsRead": self._read,
            "messages.sendMessageEventAnswer": self._answered,
            "photos.getMessagesUploadServer": lambda _: {"upload_url": f"{self.url}/upload/photo"},
            "photos.saveMessagesPhoto": lambda _: [self._saved()],
            "docs.getMessagesUploadServer": lambda told: {"upload_url": f"{self.url}/upload/{told['type']}"},
            "docs.save": self._document,
            "messages.getConversations": self._conversations,
            "messages.getHistory": self._history,
            "groups.getById": lambda _: {"groups": [self._community()], "profiles": []},
            "groups.getCallbackConfirmationCode": lambda _: {"code": CODE},
            "groups.getCallbackServers": lambda _: {"count": len(self.servers), "items": list(self.servers.values())},
            "groups.addCallbackServer": self._add,
            "groups.setCallbackSettings": self._set,
            "groups.deleteCallbackServer": lambda told: int(self.servers.pop(int(told["server_id"]), None) is not None),
        }

    # --- the provider's side of a webhook -----------------------------------------------------------------------------

    def genuine(self, payload: bytes) -> WireRequest:
        """To this community, with its secret where one stands in the payload."""
        path = urlsplit(self.hub_url).path or "/"
        return WireRequest("POST", path, {"content-type": "application/json"}, self._signed(payload))

    def _signed(self, payload: bytes) -> bytes:
        try:
            told = msgspec.json.decode(payload, type=dict[str, Any])
        except msgspec.MsgspecError:
            return payload
        if "secret" not in told:
            return payload
        return msgspec.json.encode({**told, "group_id": self._group, "secret": self.config["secret"]})

    def message(self, text: str = "hi", sender: str = "12345") -> bytes:
        return self.said(sender, text=text)

    def said(self, sender: str = "12345", *, peer: str | None = None, **message: Any) -> bytes:
        self.left.discard(sender)
        told = self._message(int(sender), int(peer or sender), **message)
        self.histories.setdefault(told["peer_id"], []).append(told)
        return self.event("message_new", {"message": told, "client_info": {"keyboard": True, "inline_keyboard": True}})

    def echo(self, name: str) -> bytes:
        """What VK tells of a message that the community sent."""
        peer, _, number = name.partition(":")
        sent = self.sent[name]
        told = self._message(-self._group, int(peer), text=sent.get("message", ""), random_id=int(sent["random_id"]))
        return self.event("message_reply", {**told, "conversation_message_id": int(number), "out": 1})

    def commented(self, text: str, sender: str = "12345", *, post: int = 55, **comment: Any) -> bytes:
        """Under a post of the community's wall."""
        told = {"id": next(self._numbers), "from_id": int(sender), "date": int(time()), "text": text}
        where = {"post_id": post, "owner_id": -self._group, "post_owner_id": -self._group, "parents_stack": []}
        return self.event("wall_reply_new", {**told, **where, **comment})

    def comment_echo(self, name: str, to: str = "12345") -> bytes:
        """What VK tells of a comment that the community wrote."""
        _, post, number = name.split(":")
        sent = self.sent[name]
        under = int(sent["reply_to_comment"])
        stands: dict[str, Any] = {"reply_to_comment": under, "reply_to_user": int(to), "parents_stack": [under]}
        return self.commented(sent["message"], str(-self._group), post=int(post), id=int(number), **stands)

    def picture(self, content: bytes, sender: str = "12345") -> bytes:
        """A picture that can be fetched."""
        name = f"/held/{next(self._numbers)}.jpg"
        self.files[name] = content
        size = {"type": "x", "url": f"{self.url}{name}", "width": 604, "height": 453}
        photo = {"id": 1, "owner_id": int(sender), "album_id": -3, "date": int(time()), "sizes": [size]}
        return self.said(sender, attachments=[{"type": "photo", "photo": photo}])

    def event(self, kind: str, what: Any = None) -> bytes:
        told = {"group_id": self._group, "type": kind, "event_id": f"{next(self._numbers):040x}", "v": "5.199"}
        return msgspec.json.encode({**told, "object": what or {}, "secret": self.config["secret"]})

    def _message(self, sender: int, peer: int, **message: Any) -> dict[str, Any]:
        number = next(self._numbers)
        told = {"id": number, "date": int(time()), "peer_id": peer, "from_id": sender, "text": "", "attachments": []}
        return {**told, "conversation_message_id": number, "out": 0, "version": 1, **message}

    @property
    def _group(self) -> int:
        return int(self.config["group_id"])

    # --- the API ------------------------------------------------------------------------------------------------------

    def is_send(self, request: WireRequest) -> bool:
        return request.path in (SEND, COMMENT)

    async def answer(self, request: WireRequest) -> Reply:
        if request.path in self.files:
            return Reply(200, self.files[request.path], {"content-type": "image/jpeg"})
        if request.path == "/upload/photo":
            return Reply.json({"server": 626627, "photo": '[{"markers_restarted":true}]', "hash": "581d7a4ffc"})
        if request.path.startswith("/upload/"):
            return Reply.json({"file": f"{request.path.removeprefix('/upload/')}|taken"})
        told = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if told.pop("access_token", None) != self.config["access_token"]:
            return failure(5)
        if request.path in (SEND, COMMENT):
            return self._send(told) if request.path == SEND else self._comment(told)
        method = self._methods.get(request.path.removeprefix("/method/"))
        return Reply(404) if method is None else Reply.json({"response": method(told)})

    def _send(self, told: Arguments) -> Reply:
        peer = told.get("peer_ids", "")
        if peer in self.left:
            return failure(901)
        if not peer or not int(told.get("random_id", "0")):
            return failure(100)
        if len(told.get("message", "")) > MOST_TEXT:
            return failure(914)
        key = f"{peer}:{told['random_id']}"
        name = self._known.setdefault(key, f"{peer}:{next(self._made)}")
        self.sent.setdefault(name, told)
        number = int(name.partition(":")[2])
        message = 0 if int(peer) >= CHATS else 1000 + number
        return Reply.json(
            {"response": [{"peer_id": int(peer), "message_id": message, "conversation_message_id": number}]}
        )

    def _comment(self, told: Arguments) -> Reply:
        if told.get("from_group") != str(self._group) or told.get("owner_id") != str(-self._group):
            return failure(213)
        if not told.get("post_id") or not told.get("message"):
            return failure(100)
        key = f"{told['post_id']}:{told['guid']}"
        name = self._known.setdefault(key, f"wall:{told['post_id']}:{next(self._made)}")
        self.sent.setdefault(name, told)
        return Reply.json({"response": {"comment_id": int(name.rpartition(":")[2]), "parents_stack": []}})

    def _answered(self, told: Arguments) -> int:
        self.answered.append(told)
        return 1

    def _read(self, told: Arguments) -> int:
        self.read.append({name: told[name] for name in told if name != "v"})
        return 1

    def _conversations(self, told: Arguments) -> dict[str, Any]:
        newest = sorted(self.histories.items(), key=lambda each: each[1][-1]["date"], reverse=True)
        items = [{"conversation": {"peer": {"id": peer}}, "last_message": said[-1]} for peer, said in newest]
        return {"count": len(items), "items": _page(items, told)}

    def _history(self, told: Arguments) -> dict[str, Any]:
        said = self.histories[int(told["peer_id"])]
        return {"count": len(said), "items": _page(said[::-1], told)}

    def _saved(self) -> dict[str, Any]:
        return {"id": 456239017, "owner_id": -self._group, "access_key": "aa3d0f"}

    def _document(self, told: Arguments) -> dict[str, Any]:
        kind = told["file"].partition("|")[0]
        return {"type": kind, kind: {**self._saved(), "title": told.get("title", "")}}

    def _community(self) -> dict[str, Any]:
        return {"id": self._group, "name": "Onethread", "screen_name": "onethread", "is_closed": 0, "type": "group"}

    def _add(self, told: Arguments) -> dict[str, int]:
        number = len(self.servers) + 1
        shown = {name: told[name] for name in ("title", "url", "secret_key")}
        self.servers[number] = {"id": number, "creator_id": 1, "status": "ok", **shown}
        return {"server_id": number}

    def _set(self, told: Arguments) -> int:
        self.servers[int(told["server_id"])]["events"] = {
            name: 1 for name in told if name.startswith(("message_", "wall_"))
        }
        return 1


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="VK communities over loopback.")
    wanted.add_argument("--group-id", type=int, default=777)
    wanted.add_argument("--access-token", default="vk1.a.simulated-token")
    wanted.add_argument("--secret", default="simulatedSecret")
    told = wanted.parse_args()
    settings = {"group_id": told.group_id, "access_token": told.access_token, "secret": told.secret}
    run(Simulator({**settings, "confirmation": CODE}))
