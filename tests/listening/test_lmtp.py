"""Mail by LMTP: an answer for each recipient."""

import pytest

from gateway.listening.apart import Apart
from tests.listening.certificates import certificate, unchecked
from tests.listening.office import ANN, BEN, Caller, message, office, settings_in, texts


@pytest.fixture
def hub(tmp_path):
    with office(settings_in(tmp_path)) as hub:
        yield hub


def answers(caller, count):
    return [caller.line() for _ in range(count)]


def test_each_recipient_hears_what_became_of_its_copy(hub):
    with Caller(hub, "lmtp") as caller:
        caller.begin(ANN, BEN, ANN)
        caller.write(message("for b", forged="a") + b".\r\n")
        assert answers(caller, 3) == ["550 5.7.1 refused", "250 2.0.0 taken", "550 5.7.1 refused"]
        assert caller.say("NOOP") == "250 2.0.0 OK"
    assert texts(hub) == ["for b"]


def test_one_that_cannot_be_stored_is_the_only_one_to_come_again(hub):
    with Caller(hub, "lmtp") as caller:
        spared, hub.apart = hub.apart, Apart(most=0)
        caller.begin(ANN, BEN)
        caller.write(message("large", 100_000) + b".\r\n")
        assert answers(caller, 2) == ["452 4.3.1 no room for it now; try again later"] * 2
        hub.apart.close()
        hub.apart = spared
        caller.begin(ANN, BEN)
        caller.write(message("large", 100_000) + b".\r\n")
        assert answers(caller, 2) == ["250 2.0.0 taken"] * 2


def test_it_is_greeted_by_lhlo_only(hub):
    with Caller(hub, "lmtp", greet=False) as caller:
        assert caller.banner == "220 127.0.0.1 LMTP onethread"
        for greeting in ("EHLO there", "HELO there"):
            assert caller.say(greeting) == "500 5.5.2 LHLO is how one greets here"
        assert caller.say("LHLO there") == "250 ENHANCEDSTATUSCODES"


def test_a_message_refused_whole_gets_one_answer_for_each_recipient(hub):
    with Caller(hub, "lmtp") as caller:
        caller.begin(ANN, BEN)
        caller.write(b"a\nb\r\n.\r\n")
        assert answers(caller, 2) == ["550 5.6.0 a line ends in LF without CR"] * 2
        assert caller.say("NOOP") == "250 2.0.0 OK"


def test_it_comes_encrypted_too(tmp_path):
    lmtp = {"address": "127.0.0.1:0", "tls": certificate(tmp_path), "require_tls": True}
    with office(settings_in(tmp_path, {"lmtp": lmtp})) as hub, Caller(hub, "lmtp") as caller:
        assert caller.say("MAIL FROM:<a@b>") == "530 5.7.0 STARTTLS comes first"
        assert caller.say("STARTTLS").startswith("220")
        caller.secure(unchecked())
        assert caller.say("LHLO there") == "250 ENHANCEDSTATUSCODES"
        caller.begin(ANN)
        caller.write(message("in secret") + b".\r\n")
        assert answers(caller, 1) == ["250 2.0.0 taken"]
        assert texts(hub) == ["in secret"]
