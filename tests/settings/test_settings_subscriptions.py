"""What the file says of subscriptions and the bus, and what is said of a broken one."""

from typing import get_args

import pytest
from jsonschema import Draft202012Validator
from parrot import plugins
from test_settings_load import problems, written

from connectors.kit.secret import Secret
from gateway.keys import Scope
from gateway.settings import load, settings_schema
from gateway.settings.subscribing import RETRIES, SubscriptionEntry, signing_key
from gateway.settings.subscribing import Scope as Written

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CONNECTOR = "connectors: {one: {plugin: parrot, token: t}}\n"


def test_what_the_file_says_is_what_there_is(tmp_path):
    text = f"""{CONNECTOR}subscriptions:
  archive: {{queue: true, types: ["message.*", delivery.updated], commands: true}}
  crm:
    webhook: https://crm.example.com/hook?tenant=1
    secret: "${{CRM_SECRET}}"
    previous_secret: {SECRET}
    connectors: [one]
    channels: [cage]
    inboxes: [main]
    commands: [read, read, admin]
    start: oldest
    timeout: 5s
    at_once: 4
    retries: [1s, 2m, 3h]
    park_after: 2d
    cursor_every: 0
"""
    loaded = load(written(tmp_path, text), {"CRM_SECRET": f"{SECRET}=="}, plugins)
    assert loaded.subscriptions == {
        "archive": SubscriptionEntry(
            queue=True, types=("message.*", "delivery.updated"), commands=("read", "write"), retries=RETRIES
        ),
        "crm": SubscriptionEntry(
            webhook="https://crm.example.com/hook?tenant=1",
            secret=Secret(f"{SECRET}=="),
            previous_secret=Secret(SECRET),
            connectors=("one",),
            channels=("cage",),
            inboxes=("main",),
            commands=("read", "admin"),
            start="oldest",
            timeout=5.0,
            at_once=4,
            retries=(1.0, 120.0, 10_800.0),
            park_after=172_800.0,
            cursor_every=0.0,
        ),
    }
    assert {secret.reveal() for secret in loaded.secrets()} >= {f"{SECRET}==", SECRET}
    assert SECRET not in repr(loaded)


def test_all_problems_are_told_each_with_its_place(tmp_path):
    text = f"""{CONNECTOR}subscriptions:
  Big: {{queue: true}}
  a: {{queue: true, types: [mesage.*, x], commands: [reed]}}
  b: {{webhook: https://crm.example.com/hook}}
  c: {{webhook: ftp://x, secret: hunter22, connectors: [ome], inboxes: [mian]}}
  d: {{}}
  e: {{queue: yes, retries: soon, at_once: 0, start: middle}}
  f: {{queue: true, cursor_evry: 1}}
  g: {{queue: true, webhook: https://crm.example.com/hook, secret: {SECRET}}}
  h: {{queue: true, timeout: 1h}}
  i: queue
"""
    signing = 'expected whsec_ and 24 to 64 octets in base64: echo "whsec_$(openssl rand -base64 32)" makes one'
    assert problems(tmp_path, text) == [
        "hub.yaml:3:3: subscriptions.Big: a name is 1 to 63 of a-z, 0-9, _ and -, and begins with a letter or digit",
        'hub.yaml:4:28: subscriptions.a.types[0]: there is no such event type; did you mean "message.*"?',
        "hub.yaml:4:38: subscriptions.a.types[1]: there is no such event type",
        "hub.yaml:4:52: subscriptions.a.commands: expected true, false or a list of read, write, admin",
        "hub.yaml:5:6: subscriptions.b: a webhook and its `secret` go together",
        "hub.yaml:6:16: subscriptions.c.webhook: expected an http or https URL such as https://crm.example.com/hook",
        f"hub.yaml:6:33: subscriptions.c.secret: {signing}",
        'hub.yaml:6:56: subscriptions.c.connectors[0]: unknown connector; did you mean "one"?',
        'hub.yaml:6:72: subscriptions.c.inboxes[0]: unknown inbox; did you mean "main"?',
        "hub.yaml:7:6: subscriptions.d: expected either `queue: true` or a `webhook`",
        "hub.yaml:8:14: subscriptions.e.queue: expected `bool`, got `str`",
        "hub.yaml:8:28: subscriptions.e.retries: expected `array`, got `str`",
        "hub.yaml:8:43: subscriptions.e.at_once: expected `int` >= 1",
        "hub.yaml:8:53: subscriptions.e.start: expected one of newest, oldest",
        'hub.yaml:9:20: subscriptions.f.cursor_evry: unknown key; did you mean "cursor_every"?',
        "hub.yaml:10:6: subscriptions.g: expected either `queue: true` or a `webhook`",
        "hub.yaml:11:6: subscriptions.h: `timeout` is more than nothing and at most ten minutes",
        "hub.yaml:12:6: subscriptions.i: expected a mapping, got text",
    ]


@pytest.mark.parametrize("bad", ["", "whsec_", SECRET.removeprefix("whsec_"), "whsec_c2hvcnQ=", "whsec_" + "A" * 100])
def test_only_a_secret_that_receivers_can_verify_signs(bad):
    with pytest.raises(ValueError, match="whsec_") as refused:
        signing_key(Secret(bad))
    assert bad == "" or bad == "whsec_" or bad not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    ["ftp://x/y", "https://", "https://user:hunter2@x/", "https://x/#part", "https://x:y/", "https://x/ y", "x", "1"],
)
def test_only_a_web_address_is_posted_to(tmp_path, url):
    [told] = problems(tmp_path, f'subscriptions: {{a: {{webhook: "{url}", secret: {SECRET}}}}}')
    assert told.startswith("hub.yaml:1:30: subscriptions.a.webhook: expected")
    assert "hunter2" not in told


def test_the_password_of_the_bus_is_a_secret(tmp_path):
    text = "bus: amqps://hub:p%40ss@rabbit.example.com/vhost;amqp://hub:other@second\n"
    loaded = load(written(tmp_path, text), {}, plugins)
    assert loaded.bus == "amqps://rabbit.example.com:5671/vhost;amqp://second:5672/"
    assert loaded.bus_url == Secret("amqps://hub:p%40ss@rabbit.example.com/vhost;amqp://hub:other@second")
    assert {secret.reveal() for secret in loaded.secrets()} == {"p@ss", "p%40ss", "other"}
    assert "p%40ss" not in repr(loaded)


def test_without_a_broker_the_bus_is_in_memory(tmp_path):
    loaded = load(written(tmp_path, ""), {}, plugins)
    assert (loaded.bus, loaded.bus_url.reveal(), loaded.subscriptions) == ("memory://", "memory://", {})


def test_scopes_are_those_of_keys():
    assert get_args(Written) == tuple(scope.value for scope in Scope)


@pytest.mark.parametrize(
    ("entry", "good"),
    [
        ({"queue": True, "types": ["message.*"], "commands": True}, True),
        ({"queue": True, "commands": ["read"], "retries": ["5s", 300], "cursor_every": "1m"}, True),
        ({"webhook": "https://x/", "secret": "${S}", "at_once": 0}, False),
        ({"queue": "yes"}, False),
        ({"queue": True, "commands": ["everything"]}, False),
        ({"queu": True}, False),
    ],
)
def test_the_schema_says_what_the_loader_takes(entry, good):
    assert Draft202012Validator(settings_schema([])).is_valid({"subscriptions": {"a": entry}}) is good
