"""WeChat over loopback: `python -m connectors.channels.wechat.simulator` runs it alone.

It gives out access tokens and checks them, takes messages and files, refuses what WeChat refuses, and gives out files.
Webhooks it makes with `genuine`, encrypted as the configuration says; what they say, with `message`, `said`, `event`.
"""

import argparse
import itertools
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from time import time, time_ns
from typing import Any, ClassVar, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec

from connectors.channels.wechat.sealing import key_of, sealed
from connectors.families.handshake import signature
from connectors.kit.request import Request
from connectors.kit.secret import Secret
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply, WireRequest, run

SEND: Final = "/cgi-bin/message/custom/send"
TEMPLATE: Final = "/cgi-bin/message/template/send"
PARCEL: Final = "iPk5sOIt5X_flOVKn5GrTFpncEYTojx6ddbt8WYoV5s"
"""A template every account has here."""
CONTENT: Final = "订单号:{{character_string1.DATA}}\n商品:{{ thing2.DATA }}\n时间:{{time3.DATA}}\n"
ACCOUNT: Final = "gh_7f1c0a9d2b3e"
MOST_TEXT: Final = 2048
WORDS: Final[Mapping[int, str]] = {
    0: "ok",
    40001: "invalid credential, access_token is invalid or not latest",
    40003: "invalid openid",
    40007: "invalid media_id",
    40013: "invalid appid",
    40037: "invalid template_id",
    47003: "argument invalid!",
    40125: "invalid appsecret",
    43004: "require subscribe",
    44004: "empty content",
    45002: "content size out of limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    45015: "response out of time limit or subscription is canceled",
    47001: "data format error",
    48001: "api unauthorized",
}
ENVELOPE: Final = re.compile(rb"(<Encrypt><!\[CDATA\[)(.)")


def failure(code: int) -> Reply:
    return Reply.json({"errcode": code, "errmsg": WORDS[code]})


def _resealed(request: Request) -> Request:
    """With another envelope."""

    def other(found: re.Match[bytes]) -> bytes:
        return found[1] + (b"B" if found[2] == b"A" else b"A")

    return replace(request, body=ENVELOPE.sub(other, request.body))


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: failure(45011),
        Failure.SERVER_ERROR: Reply(502),
        Failure.UNAUTHORIZED: failure(48001),
        Failure.BLOCKED: failure(43004),
        Failure.UNREACHABLE: failure(40003),
        Failure.REFUSED: failure(45015),
    }
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = {
        "signature changed": mutate.query_field_changed("signature"),
        "time changed": mutate.query_field_changed("timestamp"),
        "nonce changed": mutate.query_field_changed("nonce"),
        "signature of the envelope changed": mutate.query_field_changed("msg_signature"),
        "envelope changed": _resealed,
    }

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self.token = "ACCESS/1"  # noqa: S105 - counts here only
        """The one that counts."""
        self.sent: list[dict[str, Any]] = []
        self.templates = {PARCEL: CONTENT}
        """Their text, by their ids."""
        self.reported: list[int] = []
        """The names of template messages that were taken."""
        self.left: set[str] = set()
        """Who unsubscribed."""
        self.files: dict[str, tuple[str, bytes]] = {}
        """By media id: type and octets. What is JSON is answered in a file's stead."""
        self._numbers = itertools.count(time_ns())
        self._uploads = itertools.count(1)

    def expire(self) -> None:
        """The token that was given out counts no longer."""
        self.token = f"ACCESS/{int(self.token.partition('/')[2]) + 1}"

    # --- the provider's side of a webhook -----------------------------------------------------------------------------

    def genuine(self, payload: bytes, *, app_id: str | None = None) -> WireRequest:
        """`payload` is the XML as it reads; `app_id` another account's than ours."""
        token, at, nonce = self.config["token"], str(int(time())), str(next(self._numbers))
        query = {"signature": signature(token, at, nonce), "timestamp": at, "nonce": nonce}
        mode = self.config.get("encryption", "safe")
        if mode != "plain":
            salt = secrets.token_bytes(16)
            key = key_of(Secret(self.config["aes_key"]))
            envelope = sealed(payload, app_id or self.config["app_id"], key, salt)
            query |= {"encrypt_type": "aes", "msg_signature": signature(token, at, nonce, envelope)}
            both = payload.removeprefix(b"<xml>").removesuffix(b"</xml>") if mode == "compatible" else b""
            payload = b"<xml>" + both + f"<Encrypt><![CDATA[{envelope}]]></Encrypt></xml>".encode()
        path = f"{urlsplit(self.hub_url).path}?{urlencode(query)}"
        return WireRequest("POST", path, {"content-type": "text/xml"}, payload)

    def greeting(self, words: str) -> WireRequest:
        """WeChat's question when the address is set."""
        at, nonce = str(int(time())), str(next(self._numbers))
        signed = signature(self.config["token"], at, nonce)
        query = urlencode({"signature": signed, "timestamp": at, "nonce": nonce, "echostr": words})
        return WireRequest("GET", f"{urlsplit(self.hub_url).path}?{query}", {}, b"")

    def message(self, text: str = "hi", sender: str = "oQ3yZ5k1m8abcDEFghIJKLmn0pQr") -> bytes:
        return self.said("text", sender, Content=text)

    def said(self, kind: str, sender: str = "oQ3yZ5k1m8abcDEFghIJKLmn0pQr", **fields: str) -> bytes:
        """A message of this type."""
        return self._posted(sender, MsgType=kind, **fields, MsgId=str(next(self._numbers)))

    def event(self, kind: str, sender: str = "oQ3yZ5k1m8abcDEFghIJKLmn0pQr", **fields: str) -> bytes:
        if kind == "unsubscribe":
            self.left.add(sender)
        elif kind == "subscribe":
            self.left.discard(sender)
        return self._posted(sender, MsgType="event", Event=kind, **fields)

    def held(self, kind: str, media_type: str, content: bytes, sender: str = "oQ3yZ5k1m8abcDEFghIJKLmn0pQr") -> bytes:
        """A message with a file that can be fetched."""
        name = f"media-{next(self._numbers)}"
        self.files[name] = (media_type, content)
        return self.said(kind, sender, MediaId=name)

    def _posted(self, sender: str, **fields: str) -> bytes:
        told = {"ToUserName": ACCOUNT, "FromUserName": sender, "CreateTime": str(int(time())), **fields}
        return b"<xml>" + b"".join(_element(name, value) for name, value in told.items()) + b"</xml>"

    # --- the API ------------------------------------------------------------------------------------------------------

    def is_send(self, request: WireRequest) -> bool:
        return urlsplit(request.path).path in (SEND, TEMPLATE)

    async def answer(self, request: WireRequest) -> Reply:
        url = urlsplit(request.path)
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path == "/cgi-bin/stable_token" and request.method == "POST":
            return self._token(request)
        if url.path.startswith("/elsewhere/"):
            return Reply(200, b"octets of a video", {"content-type": "video/mp4"})
        if asked.get("access_token") != self.token:
            return failure(40001)
        if url.path == "/cgi-bin/media/get":
            return self._file(asked.get("media_id", ""))
        if url.path == "/cgi-bin/media/upload":
            told = {"type": asked.get("type"), "media_id": f"up-{next(self._uploads)}", "created_at": int(time())}
            return Reply.json(told)
        if url.path == "/cgi-bin/getcallbackip":
            return Reply.json({"ip_list": ["101.226.62.77", "101.226.62.78"]})
        if url.path == "/cgi-bin/message/custom/typing":
            return failure(0)
        if url.path == "/cgi-bin/template/get_all_private_template":
            shown = [{"template_id": name, "content": text, "title": "A"} for name, text in self.templates.items()]
            return Reply.json({"template_list": shown})
        if url.path == TEMPLATE:
            return self._template(request)
        return self._send(request) if url.path == SEND else Reply(404)

    def _token(self, request: WireRequest) -> Reply:
        asked = msgspec.json.decode(request.body)
        if asked["appid"] != self.config["app_id"]:
            return failure(40013)
        if asked["secret"] != self.config["app_secret"]:
            return failure(40125)
        return Reply.json({"access_token": self.token, "expires_in": 7200})

    def _file(self, name: str) -> Reply:
        held = self.files.get(name)
        if held is None:
            return Reply(200, failure(40007).body, {"content-type": "text/plain"})
        return Reply(200, held[1], {"content-type": held[0]})

    def _template(self, request: WireRequest) -> Reply:
        given = msgspec.json.decode(request.body, type=dict[str, Any])
        content = self.templates.get(given["template_id"])
        if content is None:
            return failure(40037)
        if given["touser"] in self.left:
            return failure(43004)
        if not all(place["value"] and f"{name}.DATA" in content for name, place in given["data"].items()):
            return failure(47003)
        self.sent.append(given)
        self.reported.append(200_163_835 + len(self.sent))
        return Reply.json({"errcode": 0, "errmsg": "ok", "msgid": self.reported[-1]})

    def _send(self, request: WireRequest) -> Reply:
        try:
            given = msgspec.json.decode(request.body, type=dict[str, Any])
            said = given[given["msgtype"]]
        except (msgspec.MsgspecError, KeyError):
            return failure(47001)
        if given["touser"] in self.left:
            return failure(43004)
        if given["msgtype"] == "text" and not 0 < len(said["content"].encode()) <= MOST_TEXT:
            return failure(45002 if said["content"] else 44004)
        self.sent.append(given)
        return failure(0)


def _element(name: str, value: str) -> bytes:
    """Text as it is, or elements where there are some in it."""
    inner = value if value.startswith("<") else "<![CDATA[" + value.replace("]]>", "]]]]><![CDATA[>") + "]]>"
    return f"<{name}>{inner}</{name}>".encode()


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="WeChat's official accounts over loopback.")
    wanted.add_argument("--app-id", default="wx0123456789abcdef")
    wanted.add_argument("--app-secret", default="simulated-app-secret")
    wanted.add_argument("--token", default="simulatedToken")
    wanted.add_argument("--aes-key", default="abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")
    told = wanted.parse_args()
    run(
        Simulator(
            {
                "app_id": told.app_id,
                "app_secret": told.app_secret,
                "token": told.token,
                "aes_key": told.aes_key,
            }
        )
    )
