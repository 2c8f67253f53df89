"""What is kept of a frame has no token, and is still read as it was."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from connectors.channels import chat
from connectors.kit.base import Tools
from connectors.kit.config import configured
from connectors.kit.errors import BadSignature
from connectors.kit.fixtures import InboundCase, read_fixtures
from connectors.kit.http import Http
from gateway.arrival import raw_of

FIXTURES = read_fixtures(Path(chat.__file__).parent / "fixtures")


@pytest.mark.parametrize("case", FIXTURES.inbound, ids=str)
def test_a_kept_frame_shows_no_token_and_can_be_replayed(case: InboundCase) -> None:
    plugin = chat.Chat(configured(chat.Chat.Config, FIXTURES.config), Tools(FIXTURES.connector, Http("app")))
    headers = msgspec.json.decode(raw_of(case.request).headers)
    assert headers["authorization"] == "***"
    kept = replace(case.request, headers=headers)
    assert tuple(plugin.parse(kept)) == case.expected
    with pytest.raises(BadSignature):
        plugin.verify(kept)
