"""Addresses of a bus, and names on it."""

import pytest

from connectors.kit.secret import Secret
from gateway.bus.addresses import Broker, brokers
from gateway.bus.contract import BusUnsupported, open_bus
from gateway.bus.names import commands_of, queue_of, topic_key


@pytest.mark.parametrize(
    ("url", "host", "port", "vhost", "tls"),
    [
        ("amqp://broker", "broker", 5672, "/", False),
        ("amqp://broker/", "broker", 5672, "/", False),
        ("amqp://broker//", "broker", 5672, "/", False),
        ("amqp://broker/%2F", "broker", 5672, "/", False),
        ("amqp://broker:1234/support", "broker", 1234, "support", False),
        ("amqps://[::1]/a%2Fb", "::1", 5671, "a/b", True),
    ],
)
def test_an_address_says_where_the_broker_is(url, host, port, vhost, tls):
    assert brokers(url) == (Broker(host, port, vhost, tls, "guest", Secret("guest")),)


def test_user_and_password_are_decoded_and_never_printed():
    [broker] = brokers("amqp://us%40er:p%2Fss@broker.example.com/support")
    assert (broker.user, broker.password) == ("us@er", Secret("p/ss"))
    assert str(broker) == "amqp://broker.example.com:5672/support"
    assert "ss" not in repr(broker).replace("Broker", "")
    assert "us" not in repr(broker).replace("support", "")


def test_several_nodes_are_parted_by_semicolons():
    assert [str(broker) for broker in brokers("amqp://a;amqps://b:1;amqp://[::1]")] == [
        "amqp://a:5672/",
        "amqps://b:1/",
        "amqp://[::1]:5672/",
    ]


def test_redis_has_a_database_and_a_password_that_is_never_printed():
    [broker] = brokers("rediss://:p%40ss@redis.example.com/3")
    assert (broker.kind, broker.host, broker.port, broker.vhost, broker.tls) == (
        "redis",
        "redis.example.com",
        6379,
        "3",
        True,
    )
    assert (broker.user, broker.password.reveal(), str(broker)) == ("", "p@ss", "rediss://redis.example.com:6379/3")
    assert str(*brokers("redis://h")) == "redis://h:6379/0"


def test_memory_has_no_broker():
    assert brokers("memory://") == ()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (
            "sqs://k:s3cret@h",
            "use memory:// within one process, amqp:// or amqps:// for RabbitMQ, redis:// or rediss:// for Redis",
        ),
        ("filesystem:///s3cret", "this hub has no bus 'filesystem': use memory://"),
        ("redis://:s3cret@h/events", "the bus needs the number of a database"),
        ("redis://:s3cret@h;redis://i", "the bus takes one Redis, by itself"),
        ("amqp://u:s3cret@h;redis://i", "the bus takes one Redis, by itself"),
        ("redis://:s3cret@h/0?db=3", "does not know the parameter 'db'; redis:// addresses take none"),
        ("s3cret", "this hub has no bus 'without a scheme'"),
        ("memory://s3cret", "this hub has no bus 'memory'"),
        ("amqp://", "the bus needs a host, as in amqp://user:password@broker.example.com/"),
        ("amqp://u:s3cret@h:port/", "the bus needs an address such as amqp://user:password@broker.example.com/"),
        ("amqp://u:s3cret@h/?heartbeat=3", "does not know the parameter 'heartbeat'; amqp:// addresses take none"),
        (
            "amqps://u:s3cret@h/?verify=no",
            "does not know the parameter 'verify'; it takes cacertfile, certfile, keyfile",
        ),
        ("amqps://u:s3cret@h/?cacertfile=/nowhere/s3cret", "the file its parameter 'cacertfile' names"),
    ],
)
def test_an_address_it_cannot_use_gets_one_sentence_without_secrets(url, says):
    with pytest.raises(BusUnsupported) as unsupported:
        open_bus(url)
    assert says in str(unsupported.value)
    assert "s3cret" not in str(unsupported.value)


def test_names_on_the_bus():
    assert queue_of("crm") == "onethread.q.crm"
    assert commands_of("crm") == "onethread.cmd.crm"


@pytest.mark.parametrize(
    ("type_", "channel", "connector", "key"),
    [
        ("message.received", "sms", "sms-uk", "message.received.sms.sms-uk"),
        ("contact.created", None, None, "contact.created.-.-"),
        ("message.created", "in.app", "My Shop #1", "message.created.in_app.my_shop__1"),
        ("message.created", "*", "größe", "message.created._.gr__e"),
    ],
)
def test_a_topic_key_has_four_plain_words(type_, channel, connector, key):
    assert topic_key(type_, channel, connector) == key
