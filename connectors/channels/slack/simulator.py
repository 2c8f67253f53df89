"""The Web API over loopback: `python -m connectors.channels.slack.simulator` runs it alone.

It checks the token, keeps what was sent, refuses what the real one refuses in the same words, takes and gives out
files. It delivers no events by itself: `genuine` signs the request.
"""

import argparse
import itertools
from collections.abc import Callable, Mapping
from time import time
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl, quote, urlsplit

import msgspec

from connectors.channels.slack.signature import SIGNATURE, TIMESTAMP, sign
from connectors.channels.slack.simulated import BOT, Channels, Fault
from connectors.kit.request import Request
from connectors.kit.secret import Secret
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply, WireRequest, run

WAIT_SECONDS: Final = 3
SENDS: Final = frozenset({"chat.postMessage", "chat.update", "reactions.add", "files.completeUploadExternal"})


def refusal(error: str, status: int = 200, **more: str) -> Reply:
    """What Slack answers when it does not do it."""
    return Reply.json({"ok": False, "error": error}, status, **more)


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: refusal("ratelimited", 429, retry_after=str(WAIT_SECONDS)),
        Failure.SERVER_ERROR: Reply(500, b"upstream connect error"),
        Failure.UNAUTHORIZED: refusal("invalid_auth"),
        Failure.UNREACHABLE: refusal("channel_not_found"),
        Failure.REFUSED: refusal("msg_too_long"),
    }
    LACKS: ClassVar[Mapping[Failure, str]] = {Failure.BLOCKED: "people mute an app, and it is not told"}
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = {
        "signature dropped": mutate.header_dropped(SIGNATURE),
        "signature emptied": mutate.header_emptied(SIGNATURE),
        "signature changed": mutate.header_flipped(SIGNATURE),
        "signature cut": mutate.header_cut(SIGNATURE),
        "time dropped": mutate.header_dropped(TIMESTAMP),
        "time changed": mutate.header_flipped(TIMESTAMP),
        "body changed": mutate.body_flipped,
        "body extended": mutate.body_extended,
    }

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self.channels = Channels()
        # Beginning with the time, so that what another run made is not taken for the same message.
        self._numbers = itertools.count(int(time() * 1000))

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "files_origin": self.url}

    # --- the provider's side of a webhook -----------------------------------------------------------------------------

    def genuine(self, payload: bytes, timestamp: int | None = None) -> WireRequest:
        """Signed now, or at `timestamp`. An interactive request is a form, and begins with its field."""
        form = payload.startswith(b"payload=")
        signed_at = str(int(time()) if timestamp is None else timestamp)
        headers = {
            "content-type": "application/x-www-form-urlencoded" if form else "application/json",
            TIMESTAMP: signed_at,
            SIGNATURE: sign(Secret(self.config["signing_secret"]), signed_at, payload),
        }
        return WireRequest("POST", urlsplit(self.hub_url).path or "/", headers, payload)

    def message(self, text: str = "hi", sender: str = "1001") -> bytes:
        user = sender if sender.startswith(("U", "W")) else f"U{sender}"
        return self.event(
            {
                "type": "message",
                "channel": f"D{user[1:]}",
                "channel_type": "im",
                "user": user,
                "text": text,
                "ts": self._now(),
            }
        )

    def _now(self) -> str:
        number = next(self._numbers)
        return f"{number // 1000}.{number % 1_000_000:06d}"

    def event(self, event: Mapping[str, Any]) -> bytes:
        """The body that tells of an event."""
        number = next(self._numbers)
        return msgspec.json.encode(
            {
                "type": "event_callback",
                "team_id": "T1",
                "api_app_id": BOT["app_id"],
                "event_id": f"Ev{number}",
                "event_time": int(time()),
                "authorizations": [{"team_id": "T1", "user_id": BOT["user_id"], "is_bot": True}],
                "event": event,
            }
        )

    def press(self, name: tuple[str, str], user: str, value: str, label: str) -> bytes:
        """The body that tells of a pressed button under the message `name`: its channel and ts."""
        channel, ts = name
        action = {"type": "button", "action_id": "action-0", "value": value, "action_ts": self._now()}
        told = {
            "type": "block_actions",
            "user": {"id": user, "username": "mina", "team_id": "T1"},
            "container": {"type": "message", "message_ts": ts, "channel_id": channel},
            "actions": [{**action, "text": {"type": "plain_text", "text": label}}],
        }
        return b"payload=" + quote(msgspec.json.encode(told)).encode()

    # --- the Web API --------------------------------------------------------------------------------------------------

    def is_send(self, request: WireRequest) -> bool:
        return urlsplit(request.path).path.removeprefix("/") in SENDS

    async def answer(self, request: WireRequest) -> Reply:
        method = urlsplit(request.path).path.removeprefix("/")
        if method.startswith("upload/"):
            return self.channels.took(method.removeprefix("upload/"), request)
        if request.headers.get("authorization") != f"Bearer {self.config['token']}":
            return refusal("invalid_auth")
        if method.startswith("files/"):
            return self.channels.gives(method.removeprefix("files/"))
        perform = self.channels.methods(self.url).get(method)
        if perform is None:
            return refusal("unknown_method")
        try:
            return Reply.json({"ok": True, **perform(_arguments(request))})
        except Fault as fault:
            return refusal(fault.error)


def _arguments(request: WireRequest) -> dict[str, Any]:
    if request.headers.get("content-type", "").startswith("application/json"):
        return dict(msgspec.json.decode(request.body or b"{}"))
    return dict(parse_qsl(request.body.decode(), keep_blank_values=True))


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="Slack's Web API over loopback.")
    wanted.add_argument("--token", default="xoxb-SIMULATOR")
    wanted.add_argument("--signing-secret", default="simulator-secret")
    told = wanted.parse_args()
    run(Simulator({"token": told.token, "signing_secret": told.signing_secret}))
