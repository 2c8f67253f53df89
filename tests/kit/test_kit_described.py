"""A connector is what its settings make of it, and a request that is not signed may be asked for again."""

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest
from pigeon import Config, Pigeon

from connectors.kit.base import Info, Tools
from connectors.kit.config import PluginConfig
from connectors.kit.errors import BadSignature
from connectors.kit.http import Http
from connectors.kit.secret import Secret
from gateway.live import LiveConnector
from gateway.receive import refuse


class Either(Pigeon):
    """By letter or by telegram: its settings decide."""

    @classmethod
    def described(cls, config: PluginConfig) -> Info:
        assert isinstance(config, Config)
        return replace(cls.info, channel="telegram") if config.api_base.endswith("/wire") else cls.info


@pytest.mark.parametrize(("base", "channel"), [("http://127.0.0.1/wire", "telegram"), ("http://127.0.0.1", "pigeon")])
def test_a_plugin_whose_settings_decide_says_what_it_is(base: str, channel: str) -> None:
    config = Config(loft="7", api_key=Secret("key-nobody"), webhook_secret=Secret("see-nobody"), api_base=base)
    assert Either(config, Tools("support", Http("support"))).info.channel == channel
    assert Either.info.channel == "pigeon"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BadSignature("wrong"), 403),
        (BadSignature("none", missing=True), 401),
        (BadSignature("none, which happens", missing=True, again=True), 503),
    ],
)
def test_what_a_refused_sender_hears_says_whether_to_come_again(error: BadSignature, status: int) -> None:
    connector = cast(LiveConnector, SimpleNamespace(id="support"))
    answer = refuse(connector, error)
    assert (answer.status, "retry-after" in answer.headers) == (status, status == 503)
