"""The published schema says what the loader takes."""

import pytest
from jsonschema import Draft202012Validator
from parrot import Parrot

from gateway.settings import settings_schema

GOOD = {
    "public_url": "https://hub.example.com",
    "inboxes": {"main": {"sharing": "contact", "reopen_within": "30m"}},
    "limits": {"body": "1MiB", "lease": 5},
    "connectors": {
        "support": {"plugin": "parrot", "inbox": "main", "token": "${TOKEN}", "cages": {"big": {"width": 2}}}
    },
}


def test_the_schema_is_one_and_takes_a_good_file():
    schema = settings_schema([Parrot])
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(GOOD)


@pytest.mark.parametrize(
    "bad",
    [
        {"stor": "sqlite:///x"},
        {"connectors": {"Support": {"plugin": "parrot", "token": "t"}}},
        {"connectors": {"support": {"plugin": "owl", "token": "t"}}},
        {"connectors": {"support": {"plugin": "parrot"}}},
        {"connectors": {"support": {"plugin": "parrot", "token": "t", "tokn": "t"}}},
        {"connectors": {"support": {"plugin": "parrot", "token": 5}}},
        {"connectors": {"support": {"plugin": "parrot", "token": "t", "mode": "loud"}}},
        {"inboxes": {"main": {"sharing": "nobody"}}},
        {"limits": {"attempts": 0}},
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(bad):
    assert not Draft202012Validator(settings_schema([Parrot])).is_valid(bad)


def test_a_secret_is_published_as_one():
    token = settings_schema([Parrot])["$defs"]["connector.parrot"]["properties"]["token"]
    assert token == {"type": "string", "format": "password", "writeOnly": True}


def test_without_plugins_there_are_no_connectors():
    schema = settings_schema([])
    assert not Draft202012Validator(schema).is_valid({"connectors": {"one": {"plugin": "parrot"}}})
    assert Draft202012Validator(schema).is_valid({"connectors": {}})
