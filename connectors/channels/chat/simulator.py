"""An app and its customers: genuine frames, as the hub's own door hands them to the plugin.

There is no provider that would answer.
"""

import base64
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from time import time
from typing import Any, ClassVar

import jwt
import msgspec

from connectors.channels.chat.config import Config
from connectors.channels.chat.tokens import CALLER, VISITOR_TYPE, Holder, visitor_pass
from connectors.families.app.tokens import Claims
from connectors.kit.config import configured
from connectors.kit.request import Request
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import Failure, LoopbackSimulator, Reply, WireRequest
from normalizer.codec import encode

HEADER = "authorization"
FOREVER = 4_102_444_800
"""2100, in seconds since 1970."""
_numbers = itertools.count(int(time() * 1000))


def user_token(config: Config, sub: str = "1001", **claims: Any) -> str:
    """What the app's server would make for a user. Needs `jwt_secret`."""
    assert config.jwt_secret is not None
    meant = {name: value for name, value in (("aud", config.audience), ("iss", config.issuer)) if value}
    return jwt.encode({"sub": sub, "exp": FOREVER, **meant, **claims}, config.jwt_secret.reveal(), algorithm="HS256")


def visitor_token(config: Config, connector: str, id_: str) -> str:
    """What the hub would make for a visitor. Needs `secret`."""
    made = visitor_pass(config, connector, id_, datetime.now(UTC))
    assert made is not None
    return made.token


def told(token: str) -> str:
    """What the hub's door says of who shows a token."""
    visitor = jwt.get_unverified_header(token).get("typ") == VISITOR_TYPE
    claims = jwt.decode(token, options={"verify_signature": False})
    return encode(Holder(msgspec.convert(claims, Claims), visitor)).decode()


def _tokened(change: Callable[[list[str]], list[str]]) -> mutate.Mutator:
    """With another token, made of the parts of the genuine one."""

    def forge(request: Request) -> Request:
        kind, _, token = request.headers.get(HEADER, "").partition(" ")
        forged = ".".join(change(token.split(".")))
        return replace(request, headers={**request.headers, HEADER: f"{kind} {forged}"})

    return forge


def _part(**values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _flipped(text: str) -> str:
    return ("B" if text[:1] == "A" else "A") + text[1:]


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {}
    mutators: ClassVar[Mapping[str, mutate.Mutator]] = {
        "token dropped": mutate.header_dropped(HEADER),
        "token emptied": mutate.header_emptied(HEADER),
        "token cut": mutate.header_cut(HEADER),
        "signature changed": _tokened(lambda parts: [*parts[:2], _flipped(parts[2])]),
        "signature left out": _tokened(lambda parts: [_part(alg="none", typ="JWT"), parts[1], ""]),
        "another's claims": _tokened(lambda parts: [parts[0], _part(sub="1", exp=FOREVER, aud="app"), parts[2]]),
        "said to be of the other kind": _tokened(lambda parts: [_part(alg="HS256", typ="other+jwt"), *parts[1:]]),
        "caller left out": mutate.header_dropped(CALLER),
        "said to be somebody else's": lambda request: replace(
            request, headers={**request.headers, CALLER: request.headers[CALLER].replace('"sub":"', '"sub":"x', 1)}
        ),
        "by another door": lambda request: replace(request, url=request.url.replace("chat://", "https://", 1)),
    }

    async def answer(self, request: WireRequest) -> Reply:  # noqa: ARG002 - part of the contract
        return Reply(404)

    def settings(self) -> dict[str, Any]:
        return dict(self.config)  # there is no other address to call

    def genuine(self, payload: bytes) -> WireRequest:
        frame = json.loads(payload)
        sender = str(frame.pop("sender", "1001"))
        config, name = configured(Config, self.config), self.hub_url.rpartition("/")[2]
        token = user_token(config, sender) if config.jwt_secret else visitor_token(config, name, sender)
        headers = {HEADER: f"Bearer {token}", "content-type": "application/json", CALLER: told(token)}
        return WireRequest("POST", f"/chat/{name}/send", headers, json.dumps(frame).encode())

    def message(self, text: str = "hi", sender: str = "1001") -> bytes:
        frame = {"type": "message", "client_id": f"m-{next(_numbers)}", "text": text}
        return json.dumps({"sender": sender, **frame}).encode()
