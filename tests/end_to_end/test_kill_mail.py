"""kill -9 while mail comes in: whatever heard 250 is there, once."""

import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.end_to_end.hub_process import HubProcess
from tests.end_to_end.mailing import Sender, take_mail
from tests.end_to_end.test_kill import assert_gap_free

pytestmark = pytest.mark.kill
KILLS = 4
SENDERS = 16


def test_what_was_taken_survives_kills_and_is_there_once(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path)
    ports = take_mail(hub)
    with hub:
        stop = threading.Event()
        senders = [Sender(f"s{n}", ports["smtp"], stop) for n in range(SENDERS)]
        for sender in senders:
            sender.start()
        for kill in range(KILLS):
            time.sleep(0.6 + 0.1 * (kill % 3))
            hub.kill()
            hub.start()
        time.sleep(0.5)
        stop.set()
        for sender in senders:
            sender.join()
        events = hub.events()
        came = Counter(
            event["data"]["message"]["text"].strip()
            for event in events
            if event["type"] == "onethread.message.received.v1"
        )
        acknowledged = [text for sender in senders for text in sender.acknowledged]
        assert len(acknowledged) > KILLS * SENDERS
        assert {text: came[text] for text in acknowledged} == dict.fromkeys(acknowledged, 1)
        assert set(came.values()) == {1}
        assert_gap_free(events)
