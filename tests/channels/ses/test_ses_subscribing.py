"""The connector's address at its topics: subscribed to, confirmed, looked for and given up. botocore is the judge."""

import asyncio

import msgspec
import pytest
from botocore.session import get_session
from ses_identity import SETTINGS

from connectors.channels.ses import Ses
from connectors.channels.ses.simulator import Simulator
from connectors.families.aws.simulated_sns import ARN
from connectors.kit.base import Registration
from connectors.kit.errors import Misconfigured, Temporary
from connectors.kit.testing.simulator import Reply
from tests.background.heronry import eventually
from tests.channels.beside import CONNECTOR, HOOK, answering, during, running

OTHER = "arn:aws:sns:eu-west-1:123456789012:events"
TWO = {**SETTINGS, "topic_arns": [ARN, OTHER]}


@pytest.fixture
def provider():
    with Simulator(TWO, HOOK) as simulator:
        yield simulator


def register(provider: Simulator) -> Registration:
    return during(Ses, provider, lambda plugin: plugin.register(HOOK))


def shown(provider: Simulator) -> Registration:
    return during(Ses, provider, lambda plugin: plugin.registration())


def test_each_topic_is_subscribed_to_once_and_tries_for_long(provider):
    asked = register(provider)
    assert (asked.url, asked.details) == (None, {ARN: "PendingConfirmation", OTHER: "PendingConfirmation"})
    assert asked.last_error == f"not confirmed yet, which a running hub does by itself: {ARN}, {OTHER}"
    assert {topic: list(ends) for topic, ends in provider.subscribed.endpoints.items()} == {ARN: [HOOK], OTHER: [HOOK]}
    assert [msgspec.json.decode(one)["healthyRetryPolicy"]["numRetries"] for one in provider.subscribed.policies] == [
        12,
        12,
    ]
    for topic in (ARN, OTHER):
        provider.subscribed.confirm(topic)
    again = register(provider)
    assert (again.url, again.last_error) == (HOOK, None)
    assert all(arn.startswith(f"{topic}:") for topic, arn in again.details.items())
    assert len(provider.subscribed.policies) == 2


def test_it_is_found_behind_others_and_given_up_alone(provider):
    others = [f"https://other.example/{n}?a=1&b=2" for n in range(5)]
    for topic in (ARN, OTHER):
        provider.subscribed.endpoints[topic] = dict.fromkeys([*others, HOOK], "PendingConfirmation")
        provider.subscribed.confirm(topic)
    assert shown(provider).url == HOOK
    gone = during(Ses, provider, lambda plugin: plugin.unregister())
    assert (gone.url, set(gone.details.values())) == (None, {"not subscribed"})
    assert [list(ends) for ends in provider.subscribed.endpoints.values()] == [others, others]


def test_amazons_own_library_reads_the_same_and_is_understood(provider):
    register(provider)
    provider.subscribed.confirm(ARN)
    judge = get_session().create_client(
        "sns",
        region_name="eu-west-1",
        endpoint_url=provider.url,
        aws_access_key_id=SETTINGS["access_key_id"],
        aws_secret_access_key=SETTINGS["secret_access_key"],
    )
    (listed,) = judge.list_subscriptions_by_topic(TopicArn=ARN)["Subscriptions"]
    assert (listed["Endpoint"], listed["SubscriptionArn"]) == (HOOK, shown(provider).details[ARN])
    theirs, ours = (dict(one.headers) for one in (provider.requests[-3], provider.requests[-1]))
    assert theirs["content-type"] == ours["content-type"]
    before = provider.requests[0].body
    judge.list_subscriptions_by_topic(TopicArn=ARN)
    assert sorted(provider.requests[-1].body.split(b"&")) == sorted(before.split(b"&"))
    judge.subscribe(
        TopicArn=OTHER,
        Protocol="https",
        Endpoint="https://elsewhere.example/",
        Attributes={"DeliveryPolicy": provider.subscribed.policies[0]},
        ReturnSubscriptionArn=True,
    )
    assert set(provider.subscribed.endpoints[OTHER]) == {HOOK, "https://elsewhere.example/"}


def test_without_a_topic_there_is_nothing_to_subscribe_to():
    with Simulator({**SETTINGS, "topic_arns": []}) as provider, pytest.raises(Misconfigured, match="topic_arns"):
        register(provider)


@pytest.mark.parametrize(
    ("reply", "error", "says"),
    [
        (
            Reply(
                403,
                b"<ErrorResponse><Error><Code>AuthorizationError</Code><Message>no</Message></Error></ErrorResponse>",
            ),
            Misconfigured,
            "SNS: no",
        ),
        (Reply(400, b"<ErrorResponse><Error><Code>Throttled</Code></Error></ErrorResponse>"), Temporary, "Throttled"),
        (Reply(404, b"nothing"), Misconfigured, "404"),
        (Reply(500), Temporary, "500"),
        (Reply(200, b"<!DOCTYPE a><a/>"), Temporary, "document type"),
    ],
)
def test_what_sns_refuses_is_told(reply, error, says):
    with answering(Simulator, TWO, reply) as provider, pytest.raises(error, match=says):
        register(provider)


def test_a_running_hub_confirms_what_it_subscribed_to(tmp_path):
    async def test() -> None:
        with Simulator({**SETTINGS, "topic_arns": [ARN]}, HOOK) as provider:
            async with running(tmp_path, "ses", provider) as beside:
                plugin = beside.hub.connectors[CONNECTOR].plugin
                assert (await plugin.register(HOOK)).url is None
                assert await beside.heard(provider.subscription()) == 200
                await eventually(lambda: provider.confirmed)
                assert (await plugin.registration()).url == HOOK

    asyncio.run(test())
