"""Which browsers are let in."""

import msgspec
import pytest
from web_push_page import SETTINGS

from connectors.channels.web_push.config import HOSTS
from connectors.channels.web_push.simulator import Simulator
from connectors.channels.web_push.subscription import read
from connectors.kit.errors import BadPayload

DESK = Simulator(SETTINGS).browser("desk")


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc:APA91b",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAAA",
        "https://web.push.apple.com/QF8w7V0M5Z3hbQiw4tIsMBJ",
        "https://wns2-par02p.notify.windows.com/w/?token=BQYAAAC",
        "https://web.push.apple.com:443/Q",
    ],
)
def test_the_known_push_services_are(endpoint: str) -> None:
    assert read(msgspec.json.encode({**DESK, "endpoint": endpoint}), HOSTS).endpoint == endpoint


@pytest.mark.parametrize(
    "change",
    [
        {"endpoint": "http://fcm.googleapis.com/x"},
        {"endpoint": "https://fcm.googleapis.com.evil.example/x"},
        {"endpoint": "https://evil.example/fcm.googleapis.com"},
        {"endpoint": "https://push.apple.com/x"},
        {"endpoint": "https://evilpush.apple.com.example/x"},
        {"endpoint": "https://me:pw@fcm.googleapis.com/x"},
        {"endpoint": "https://fcm.googleapis.com:8443/x"},
        {"endpoint": "https://fcm.googleapis.com:no/x"},
        {"endpoint": "https://127.0.0.1/x"},
        {"endpoint": "https://[::1"},
        {"endpoint": "https://fcm.googleapis.com/" + "x" * 1000},
        {"endpoint": "https://fcm.googleapis.com/ü"},
        {"keys": {}},
        {"keys": {**DESK["keys"], "auth": "short"}},
        {"keys": {**DESK["keys"], "auth": "!"}},
        {"keys": {**DESK["keys"], "p256dh": "B" + "A" * 86}},
        {"keys": {**DESK["keys"], "p256dh": ""}},
    ],
)
def test_others_are_not(change: dict[str, object]) -> None:
    with pytest.raises(BadPayload):
        read(msgspec.json.encode({**DESK, **change}), HOSTS)
