"""Freshchat over loopback: `python -m connectors.channels.freshchat.simulator` runs it alone.

It signs with a key pair that everybody knows, takes messages and conversations, and gives out files.
"""

import base64
import itertools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPrivateNumbers,
    RSAPublicNumbers,
    rsa_crt_dmp1,
    rsa_crt_dmq1,
    rsa_crt_iqmp,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from connectors.channels.freshchat.signature import HEADER
from connectors.kit.request import Request
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply, WireRequest, run

FILES: Final = "/held/"
CONVERSATION: Final = "c327498e-f713-481e-8d83-0603e03d2521"
CHANNEL: Final = "c8fddfaf-622a-4a0e-b060-4f3ccbeab606"
PRIMES: Final = (
    int(
        "fa33cdd9d5478c56569f356b146e9bb8d7293ece457e8d955e366568b998923633929aba40347a6e7fab6ee7ea6398c2"
        "c3c4bbdd96bb8adae14cc2de56e48536bafad46f2912fee35f7ffd9badf85e0cb7cf1c30cc21b5760767aa2e6747a31c"
        "2f9039619cd317008e2fb3ec54f8dcb4df57462ac0cb1376ebe8386ad046dc53",
        16,
    ),
    int(
        "be9b5cf67bda84001e770dec079e40209ceadfbd87e7742ba28f73ea8087731fce746ad504d4102043648f5a28b503d3"
        "ec5ee7737a67e789f2d5a987ee50f873587c606eb94f23619fd0200d31fbbd65e3c5eefb1f5d8df8680202380d67a78e"
        "3467da21cbe241face37f99cb66c848a7c73a1337a320756683dc2d81548bbaf",
        16,
    ),
)
"""Of the key that every simulated account signs with: known to everybody."""


@cache
def pair() -> RSAPrivateKey:
    p, q = PRIMES
    exponent = 65537
    secret = pow(exponent, -1, (p - 1) * (q - 1))
    halves = (rsa_crt_dmp1(secret, p), rsa_crt_dmq1(secret, q), rsa_crt_iqmp(p, q))
    return RSAPrivateNumbers(p, q, secret, *halves, RSAPublicNumbers(exponent, p * q)).private_key()


def public(key: RSAPrivateKey) -> str:
    """As Freshchat shows it."""
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"-----BEGIN RSA PUBLIC KEY----- {base64.b64encode(der).decode()} -----END RSA PUBLIC KEY-----"


def signature(key: RSAPrivateKey, body: bytes) -> str:
    return base64.b64encode(key.sign(body, PKCS1v15(), SHA256())).decode()


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: Reply.json({"message": "too many requests"}, 429),
        Failure.SERVER_ERROR: Reply(500),
        Failure.UNAUTHORIZED: Reply.json({"message": "unauthenticated"}, 401),
        Failure.REFUSED: Reply.json({"message": "bad request"}, 400),
    }
    LACKS: ClassVar[Mapping[Failure, str]] = {
        Failure.BLOCKED: "nobody can shut an account out",
        Failure.UNREACHABLE: "no code tells that somebody is not there",
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
        self.sent: list[dict[str, Any]] = []
        """Messages that were taken."""
        self._numbers = itertools.count(1)
        self._files: dict[str, bytes] = {}

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "public_key": public(pair())}

    def genuine(self, payload: bytes) -> WireRequest:
        headers = {"content-type": "application/json", HEADER: signature(pair(), payload)}
        return WireRequest("POST", urlsplit(self.hub_url).path or "/", headers, payload)

    def message(self, text: str = "hi", sender: str = "882f3926-b292-414b-a411-96380db373cd") -> bytes:
        return self.said([{"text": {"content": text}}], sender)

    def picture(self, content: bytes) -> bytes:
        """A picture that can be fetched."""
        name = f"{next(self._numbers)}.png"
        self._files[name] = content
        return self.said([{"image": {"url": f"{self.url}{FILES}{name}"}}])

    def said(
        self,
        parts: list[dict[str, Any]],
        user: str = "882f3926-b292-414b-a411-96380db373cd",
        *,
        agent: str | None = None,
    ) -> bytes:
        """What the user, or an agent to them, wrote."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        actor = {"actor_type": "user" if agent is None else "agent", "actor_id": agent or user}
        told = {
            **actor,
            "message_parts": parts,
            "id": f"simulated-{next(self._numbers):06}",
            "channel_id": CHANNEL,
            "conversation_id": CONVERSATION,
            "user_id": user,
            "message_type": "normal",
            "created_time": at,
        }
        event = {"actor": actor, "action": "message_create", "action_time": at, "data": {"message": told}}
        return msgspec.json.encode(event)

    def is_send(self, request: WireRequest) -> bool:
        return request.method == "POST"

    async def answer(self, request: WireRequest) -> Reply:
        path = urlsplit(request.path).path
        if path.startswith(FILES):
            content = self._files.get(path.removeprefix(FILES))
            return Reply(404) if content is None else Reply(200, content, {"content-type": "image/png"})
        if request.headers.get("authorization") != f"Bearer {self.config['api_key']}":
            return self.FAILURES[Failure.UNAUTHORIZED]
        if request.method == "GET":
            agent = self.config["agent_id"]
            known = path == f"/v2/agents/{agent}"
            return Reply.json({"id": agent, "first_name": "Ada", "last_name": "Byron"}) if known else Reply(404)
        given = msgspec.json.decode(request.body, type=dict[str, Any])
        if path == "/v2/conversations":
            self.sent += given["messages"]
            return Reply.json({"conversation_id": CONVERSATION, **given}, 202)
        self.sent.append(given)
        return Reply.json({"id": f"simulated-{next(self._numbers):06}", **given}, 202)


if __name__ == "__main__":
    run(Simulator({"api_key": "simulated", "agent_id": "fba1873d-67d6-4d63-be97-53b29ae1e42a"}))
