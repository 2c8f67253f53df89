"""The channels of the simulated Web API: what an app may do in them, and what it hears when it may not."""

import itertools
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from connectors.channels.slack.people import PERSON, PLACE
from connectors.kit.testing.simulator import Reply, WireRequest

BOT: Final = {
    "user": "support",
    "user_id": "UBOT",
    "bot_id": "BBOT",
    "app_id": "A1",
    "team": "Example",
    "team_id": "T1",
}
EPOCH: Final = 1_790_000_000
LONGEST: Final = 40_000
SECTION: Final = 3000
BLOCKS: Final = 50


class Fault(Exception):
    """What the Web API answers instead of doing it."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


class Upload(NamedTuple):
    name: str
    media_type: str
    content: bytes


class Channels:
    """What stands in the channels an app writes to."""

    def __init__(self) -> None:
        self.messages: dict[tuple[str, str], dict[str, Any]] = {}
        """By channel and ts, as they stand now."""
        self.files: dict[str, Upload] = {}
        """What can be fetched, by id; uploads join it."""
        self.reactions: dict[tuple[str, str], list[str]] = {}
        """Our own, by the message they are on."""
        self.said: dict[str, list[dict[str, Any]]] = {}
        """What others wrote, by channel, as lists tell it; answers in threads among them."""
        self._clock = itertools.count(1)
        self._file_numbers = itertools.count(1)

    def ts(self) -> str:
        """Of the next message an app sends."""
        return f"{EPOCH}.{next(self._clock):06d}"

    def methods(self, url: str) -> Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """By name; each gives what its answer says besides `ok`. `url` is where the API itself is."""
        return {
            "auth.test": lambda _: dict(BOT),
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "reactions.add": self._add,
            "reactions.remove": self._remove,
            "reactions.get": self._reactions,
            "users.conversations": self._conversations,
            "conversations.history": self._history,
            "conversations.replies": self._replies,
            "files.getUploadURLExternal": lambda given: self._ticket(given, url),
            "files.completeUploadExternal": self._complete,
            "files.info": lambda given: {"file": self._file(given, url)},
        }

    def took(self, file_id: str, request: WireRequest) -> Reply:
        """An upload's answer."""
        if file_id not in self.files:
            return Reply(404)
        found = re.search(rb"\r\n\r\n(.*)\r\n--", request.body, re.DOTALL)
        kind = re.search(rb"(?i)content-type: (\S+)", request.body)
        content, media_type = found[1] if found else request.body, kind[1].decode() if kind else ""
        self.files[file_id] = self.files[file_id]._replace(media_type=media_type, content=content)
        return Reply(200, b"OK - %d" % len(content))

    def gives(self, file_id: str) -> Reply:
        held = self.files.get(file_id)
        return Reply(404) if held is None else Reply(200, held.content, {"content-type": held.media_type})

    def _post(self, given: dict[str, Any]) -> dict[str, Any]:
        return self._made(_channel(given.get("channel")), {**given, "text": _text(given)})

    def _made(self, channel: str, said: dict[str, Any]) -> dict[str, Any]:
        ts = self.ts()
        self.messages[channel, ts] = {**said, "channel": channel, "ts": ts, "bot_id": BOT["bot_id"]}
        return {"channel": channel, "ts": ts, "message": {"type": "message", "text": said.get("text", ""), "ts": ts}}

    def _update(self, given: dict[str, Any]) -> dict[str, Any]:
        name = _channel(given.get("channel")), str(given.get("ts"))
        # What was sent before the simulator started is taken as given.
        self.messages[name] = {**self.messages.get(name, {}), **given, "text": _text(given)}
        return {"channel": name[0], "ts": name[1], "text": given["text"]}

    def _add(self, given: dict[str, Any]) -> dict[str, Any]:
        held = self.reactions.setdefault(_name(given), [])
        if not re.fullmatch(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?", given.get("name", "")):
            raise Fault("invalid_name")
        if given["name"] in held:
            raise Fault("already_reacted")
        held.append(given["name"])
        return {}

    def _remove(self, given: dict[str, Any]) -> dict[str, Any]:
        held = self.reactions.setdefault(_name(given), [])
        if given.get("name") not in held:
            raise Fault("no_reaction")
        held.remove(given["name"])
        return {}

    def _reactions(self, given: dict[str, Any]) -> dict[str, Any]:
        ours = self.reactions.get(_name(given), [])
        others = {"name": "eyes", "users": ["U42"], "count": 1}
        told = [{"name": name, "users": ["U42", BOT["user_id"]], "count": 2} for name in ours]
        return {"type": "message", "message": {"ts": given["timestamp"], "reactions": [others, *told]}}

    def _conversations(self, given: dict[str, Any]) -> dict[str, Any]:
        listed = [{"id": name, "is_im": name.startswith("D"), "is_private": name[0] in "DG"} for name in self.said]
        return _page("channels", listed, given)

    def _history(self, given: dict[str, Any]) -> dict[str, Any]:
        """Without answers in threads; what they hang under tells of the latest."""
        said = self.said.get(given["channel"], [])
        if given["channel"] not in self.said:
            raise Fault("channel_not_found")
        tops = [one for one in said if one.get("thread_ts", one["ts"]) == one["ts"]]
        told = [one | _answered(one, said) for one in tops if float(one["ts"]) >= float(given["oldest"])]
        return _page("messages", told[::-1], given)

    def _replies(self, given: dict[str, Any]) -> dict[str, Any]:
        said = self.said[given["channel"]]
        first = [one for one in said if one["ts"] == given["ts"]]
        under = [one for one in said if one.get("thread_ts") == given["ts"] and one["ts"] != given["ts"]]
        return _page("messages", [*first, *(one for one in under if float(one["ts"]) >= float(given["oldest"]))], given)

    def _ticket(self, given: dict[str, Any], url: str) -> dict[str, Any]:
        if not given.get("filename") or not str(given.get("length", "")).isdecimal() or given["length"] == "0":
            raise Fault("invalid_arguments")
        file_id = f"F{next(self._file_numbers)}"
        self.files[file_id] = Upload(given["filename"], "", b"")
        return {"upload_url": f"{url}/upload/{file_id}", "file_id": file_id}

    def _complete(self, given: dict[str, Any]) -> dict[str, Any]:
        files = given.get("files") or []
        if not files or any(file["id"] not in self.files for file in files):
            raise Fault("file_not_found")
        channel = _channel(given.get("channel_id") or given.get("channels"))
        self._made(channel, {**given, "text": given.get("initial_comment", "")})
        return {"files": [{"id": file["id"], "title": file.get("title", "")} for file in files]}

    def _file(self, given: dict[str, Any], url: str) -> dict[str, Any]:
        held = self.files.get(given.get("file", ""))
        if held is None:
            raise Fault("file_not_found")
        told = {"id": given["file"], "name": held.name, "mimetype": held.media_type, "size": len(held.content)}
        return {**told, "url_private_download": f"{url}/files/{given['file']}"}


def _answered(top: Mapping[str, Any], said: list[dict[str, Any]]) -> dict[str, Any]:
    under = [one["ts"] for one in said if one.get("thread_ts") == top["ts"] != one["ts"]]
    return {"thread_ts": top["ts"], "latest_reply": under[-1], "reply_count": len(under)} if under else {}


def _page(name: str, items: list[dict[str, Any]], given: Mapping[str, Any]) -> dict[str, Any]:
    start = int(given.get("cursor") or "0")
    end = start + int(given.get("limit", "100"))
    more = {"response_metadata": {"next_cursor": str(end)}} if end < len(items) else {}
    return {name: items[start:end], "has_more": bool(more), **more}


def _name(given: Mapping[str, Any]) -> tuple[str, str]:
    return _channel(given.get("channel")), str(given.get("timestamp"))


def _channel(given: Any) -> str:
    """A message to a person stands in the direct messages with them."""
    if not isinstance(given, str) or not PLACE.fullmatch(given):
        raise Fault("channel_not_found")
    return f"D{given[1:]}" if given.startswith(PERSON) else given


def _text(given: Mapping[str, Any]) -> str:
    blocks = given.get("blocks", [])
    if not given.get("text") and not blocks:
        raise Fault("no_text")
    if len(given.get("text", "")) > LONGEST:
        raise Fault("msg_too_long")
    texts = [block["text"]["text"] for block in blocks if block["type"] == "section"]
    if len(blocks) > BLOCKS or any(not 0 < len(text) <= SECTION for text in texts):
        raise Fault("invalid_blocks")
    return str(given.get("text", ""))
