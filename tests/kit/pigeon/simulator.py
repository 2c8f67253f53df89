"""Pigeon over loopback."""

from itertools import count
from typing import Any, ClassVar

import msgspec

from connectors.kit.fixtures import WireRequest
from connectors.kit.secret import Secret
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply
from pigeon import signature

NOON = 1795262400


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar = {
        Failure.RATE_LIMITED: Reply.json({"error": "tired"}, 429, retry_after="7"),
        Failure.SERVER_ERROR: Reply(500, b"<h1>fox in the loft</h1>"),
        Failure.UNAUTHORIZED: Reply.json({"error": "who are you"}, 401),
        Failure.BLOCKED: Reply.json({"error": "window shut"}, 410),
        Failure.UNREACHABLE: Reply.json({"error": "no such window"}, 404),
        Failure.REFUSED: Reply.json({"error": "too heavy"}, 422),
    }
    mutators: ClassVar = {
        "signature flipped": mutate.header_flipped("x-pigeon-signature"),
        "signature cut": mutate.header_cut("x-pigeon-signature"),
        "signature dropped": mutate.header_dropped("x-pigeon-signature"),
        "time changed": mutate.header_flipped("x-pigeon-time"),
        "time dropped": mutate.header_dropped("x-pigeon-time"),
        "body flipped": mutate.body_flipped,
        "body extended": mutate.body_extended,
    }

    def __init__(self, config: dict[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self._numbers = count(1)

    async def answer(self, request: WireRequest) -> Reply:
        if request.path.endswith("/cooing"):
            return Reply.json({})
        return Reply.json({"letter": f"P{len(self.performed) + 1}"})

    def genuine(self, payload: bytes) -> WireRequest:
        signed = signature(Secret(self.config["webhook_secret"]), str(NOON), payload)
        headers = {"content-type": "application/json", "x-pigeon-time": str(NOON), "x-pigeon-signature": signed}
        return WireRequest("POST", "/" + self.hub_url.split("/", 3)[3], headers, payload)

    def message(self, text: str = "hi", sender: str = "1001") -> bytes:
        letter = {"id": f"S{next(self._numbers)}", "sender": sender, "words": text, "sent": NOON}
        return msgspec.json.encode({"letters": [letter]})
