"""What others call a file, and say of its kind, is made plain before it is kept, and before it leaves."""

import asyncio
import json

import pytest

from connectors.channels.telegram.simulated import Upload
from connectors.channels.telegram.simulator import Simulator
from normalizer.parts import MediaKind, MediaPart
from tests.background.heronry import eventually, rows
from tests.channels.beside import HOOK, running

SETTINGS = {"token": "123456:of-no-real-bot-at-all-000000000000", "secret_token": "of-no-real-webhook"}
HOSTILE = "../a\r\nX-Evil: y\0\u2028.txt"


def document(provider: Simulator, name: str, media_type: str) -> bytes:
    told = json.loads(provider.message("look"))
    del told["message"]["text"]
    told["message"]["document"] = {
        "file_id": "f1",
        "file_unique_id": "u1",
        "file_name": name,
        "mime_type": media_type,
        "file_size": 6,
    }
    return json.dumps(told).encode()


@pytest.mark.parametrize("named", [None, HOSTILE.replace("\0", "")])
def test_a_file_of_a_hostile_name_and_kind_is_kept_and_leaves_again_plainly(tmp_path, named):
    async def test(provider):
        provider.chats.files["f1"] = Upload("x", "text/plain", b"octets")
        async with running(tmp_path, "telegram", provider) as beside:
            await beside.heard(provider.genuine(document(provider, HOSTILE, "text/plain\r\nX-Evil: y")))
            stored = "SELECT id, name, media_type FROM attachments WHERE state = 'stored'"
            ((id_, name, media_type),) = await eventually(lambda: rows(beside.hub, stored))
            assert (name, media_type) == ("aX-Evil: y.txt", "application/octet-stream")
            file = MediaPart(attachment_id=id_, kind=MediaKind.FILE, media_type="text/plain", name=named)
            await beside.say("back", parts=(file,))
            await eventually(lambda: beside.statuses() == ["accepted"])
        (sent,) = [one for one in provider.requests if one.path.lower().endswith("/senddocument")]
        assert b'filename="aX-Evil: y.txt"' in sent.body

    with Simulator(SETTINGS, HOOK) as provider:
        asyncio.run(test(provider))
