"""What the forum answers, and what the hub is told; settings that are wrong; and judges."""

import msgspec
import pytest
from forum import HELLO, SETTINGS, answering, during, saying
from pydiscourse import DiscourseClient

from connectors.channels.discourse import signature
from connectors.channels.discourse.config import Config
from connectors.channels.discourse.simulator import Simulator, failed
from connectors.kit.base import Account
from connectors.kit.config import configured
from connectors.kit.errors import Misconfigured, OutcomeUnknown, Refused, Temporary
from connectors.kit.testing.simulator import Failure, Reply
from normalizer.errors import ErrorCode


@pytest.fixture
def provider():
    with Simulator(SETTINGS) as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"api_base": "forum.example.com"}, "api_base"),
        ({"api_base": "https://forum.example.com/?a"}, "api_base"),
        ({"api_key": ""}, "api_key: it is made of"),
        ({"api_key": "one\nX-Other: two"}, "api_key: it is made of"),
        ({"username": ""}, "username"),
        ({"webhook_secret": "elevenchars"}, "webhook_secret: at least 12"),
        ({"rate_pause": 0}, "rate_pause"),
    ],
)
def test_a_wrong_setting_is_named(settings, says):
    with pytest.raises(msgspec.ValidationError, match=says) as error:
        configured(Config, {**SETTINGS, **settings})
    assert "nobody-shall-see" not in str(error.value)


@pytest.mark.parametrize(
    ("reply", "error", "code"),
    [
        (failed(422, "Body is too short"), Refused, ErrorCode.POLICY_REJECTED),
        (failed(404, "gone", "not_found"), Refused, ErrorCode.POLICY_REJECTED),
        (failed(403, "no", "invalid_access"), Misconfigured, ErrorCode.AUTH_FAILED),
        (Reply(401), Misconfigured, ErrorCode.AUTH_FAILED),
        (Reply(429), Temporary, ErrorCode.RATE_LIMITED),
        (Reply(500), OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
        (Reply(302), OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
        (Reply(200, b"<html>"), OutcomeUnknown, ErrorCode.TIMED_OUT),
        (Reply.json({"success": True}), OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
        (Reply.json({"success": True, "action": "enqueued"}), Refused, ErrorCode.POLICY_REJECTED),
    ],
)
def test_each_answer_leads_to_its_next_act(reply, error, code):
    with answering(reply) as provider, pytest.raises(error) as raised:
        during(provider, lambda plugin: plugin.send(HELLO))
    assert raised.value.code == code


def test_who_had_too_much_is_waited_for_as_long_as_the_forum_says(provider):
    provider.next(Failure.RATE_LIMITED)
    with pytest.raises(Temporary) as raised:
        during(provider, lambda plugin: plugin.send(HELLO))
    assert (raised.value.retry_after, raised.value.provider_code) == (10, "rate_limit")
    with answering(Reply(429)) as silent, pytest.raises(Temporary) as unsaid:
        during(silent, lambda plugin: plugin.send(HELLO), rate_pause=90)
    assert unsaid.value.retry_after == 90


@pytest.mark.parametrize("outbound", [saying(""), saying("Hello there", thread=None), saying("Hello", thread="x")])
def test_what_is_no_post_is_refused_before_anything_leaves(provider, outbound):
    with pytest.raises(Refused):
        during(provider, lambda plugin: plugin.send(outbound))
    assert provider.requests == []


def test_an_answer_to_a_post_of_another_topic_quotes_none(provider):
    during(provider, lambda plugin: plugin.send(saying("Hello there", reply_to="78/4")))
    assert provider.posts == [{"raw": "Hello there", "topic_id": 77}]


def test_the_key_is_tried_by_reading_who_it_is_for(provider):
    assert during(provider, lambda plugin: plugin.check()) == Account(
        name="support", details={"id": "5", "name": "Support"}
    )
    with pytest.raises(Misconfigured):
        during(provider, lambda plugin: plugin.check(), api_key="another")
    with answering(Reply(404)) as nobody, pytest.raises(Misconfigured, match="no such user"):
        during(nobody, lambda plugin: plugin.check())
    with answering(Reply(502)) as down, pytest.raises(Temporary):
        during(down, lambda plugin: plugin.check())


def test_the_signature_is_the_one_of_the_forums_own_tests():
    # spec/jobs/emit_web_hook_event_spec.rb, with the secret of its fabricator
    wanted = "sha256=162f107f6b5022353274eb1a7197885cfd35744d8d08e5bcea025d309386b7d6"
    assert signature("my_lovely_secret_for_web_hook", b'{"ping":"OK"}') == wanted


def test_another_client_writes_the_same_post(provider):
    client = DiscourseClient(provider.url, SETTINGS["username"], SETTINGS["api_key"])
    made = client.create_post("Hello there", topic_id=77)
    during(provider, lambda plugin: plugin.send(HELLO))
    theirs, ours = provider.posts
    assert (made["topic_id"], theirs["raw"], str(theirs["topic_id"])) == (77, ours["raw"], str(ours["topic_id"]))
    keys = [{name: request.headers[name] for name in ("api-key", "api-username")} for request in provider.requests]
    assert keys[0] == keys[1]
