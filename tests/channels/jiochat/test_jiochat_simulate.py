"""`onethread simulate` calls below the connector's address, and shows no secret."""

import msgspec
from jiochat_account import PATH_SECRET, SETTINGS
from typer.testing import CliRunner

from connectors.channels.jiochat.simulator import Simulator
from gateway.cli import app


def test_a_simulated_message_goes_below_the_connectors_address(tmp_path):
    config = tmp_path / "onethread.yaml"
    connectors = {"support": {"plugin": "jiochat", **SETTINGS}}
    whole = {"public_url": "https://hub.example.com/behind", "store": f"sqlite:///{tmp_path}/hub.db"}
    config.write_bytes(msgspec.json.encode({**whole, "files": "./files", "connectors": connectors}))
    with Simulator(SETTINGS) as hub:  # whatever listens: what it was asked is told
        ran = CliRunner().invoke(app, ["simulate", "support", "-c", str(config), "--url", hub.url, "--text", "hello"])
        (request,) = hub.requests
    assert (request.method, request.path) == ("POST", f"/in/support/{PATH_SECRET}/rcv/msg/message")
    assert msgspec.json.decode(request.body)["Content"] == "hello"
    assert f"{hub.url}/in/support/***/rcv/msg/message: 401" in ran.output
    assert PATH_SECRET not in ran.output
