"""What is wrong with a declaration is told with its place and the word that was probably meant."""

import re

import msgspec
import pytest
from declared_channels import ROOT
from declared_files import ACME, SETTINGS, plugin

from connectors.kit.config import config_schema, configured
from connectors.kit.declared import DeclarationError, language
from connectors.kit.declared.functions import FUNCTIONS
from connectors.kit.declared.meanings import MEANINGS
from connectors.kit.declared.pieces import PIECES
from connectors.kit.declared.templates import APPROVED, FILTERS, WHOLE


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("summary:", "sumary:"), 'channel.yaml:4:1: sumary: unknown key; did you mean "summary"?'),
        (
            ("status: state", "statsu: state"),
            'channel.yaml:23:41: receive.kinds[1].statsu: unknown key; did you mean "status"?',
        ),
        (("by: secret", "by: secrt"), 'did you mean "secret"?'),
        (("body: json", "body: jsn"), "receive.body: invalid enum value 'jsn'; did you mean \"json\"?"),
        (("opted_out: [7]", "opted_uot: [7]"), 'errors.opted_uot: unknown meaning; did you mean "opted_out"?'),
        (("delivered: [ok]", "deliverd: [ok]"), 'statuses.deliverd: no status; did you mean "delivered"?'),
        (("version: 1", "version: 2"), "channel.yaml:1:10: version: expected 1"),
        (("when: text", "when: 'text['"), "channel.yaml:18:13: receive.kinds[0].when: not a JMESPath expression"),
        (
            ("read: [tel]", "read: [tle]"),
            "channel.yaml:20:35: receive.kinds[0].sender.read[0]: there is no function 'tle'",
        ),
        (("{to|digits}", "{to|digts}"), "send.url: there is no filter 'digts'"),
        (("{to|digits}", "{whom}"), "send.url: {whom} is neither a setting nor one of"),
        (("{to|digits}", "{"), "a brace that belongs to no {name}"),
        (("setting: word", "setting: wrod"), "verify[0]: there is no setting 'wrod'"),
        (("{type: secret, help: A word.}", "{help: A word.}"), "verify[0]: none of its settings is a secret"),
        (("A word.}", "A word., optional: true}"), "the setting 'word' is not required, so anybody could get in"),
        (("query: secret}", "query: k}"), "ends in `secret`, so that it is not kept"),
        (("  - {by: secret, setting: word, query: secret}", "  []"), "verify: something must show"),
        (("  api_base: {type: origin,", "  api: {type: origin,"), "settings: `api_base`, of type origin"),
        (("sender: {help", "text: {help"), "settings.text: no name for a setting"),
        (("[0-9]+", "[0-9"), "settings: form is no regular expression"),
        (("limits: {text: 160}", "limits: {text: 1}"), "limits: a text limit is at least 4"),
        (("name: acme", "name: acme\nname: acme"), "channel.yaml:3:1: name: set twice"),
        (("name: acme", "name: *acme"), "aliases are not allowed"),
        (("name: acme", "name: [acme"), "channel.yaml:3"),
        (("body: json", "body: form\n  charset: utf-88"), "receive.charset: no character set"),
        (("  id: id\n  error", "  pattern: x\n  id: id\n  error"), "a pattern is for an answer that is text"),
        (('  success: {when: "done == `true`"}', "  answer: text\n  pattern: '[a-z'"), "no regular expression"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path, change, told):
    with pytest.raises(DeclarationError) as error:
        plugin(tmp_path, ACME.replace(*change, 1))
    assert told in str(error.value)


def test_settings_become_a_typed_configuration(tmp_path):
    kind = plugin(tmp_path)
    schema = config_schema(kind.Config)
    told = schema["$defs"]["AcmeConfig"]
    assert told["required"] == ["word"]
    assert told["properties"]["word"] == {
        "type": "string",
        "format": "password",
        "writeOnly": True,
        "description": "A word.",
    }
    assert "nobody_shall_see" not in repr(configured(kind.Config, SETTINGS))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"sender": "x"}, "sender: not of the form"),
        ({"api_base": "acme.example"}, "api_base: not of the form"),
        ({"wrod": "x"}, "wrod"),
        ({"word": 1}, "word"),
        ({"word": ""}, "word: empty"),
    ],
)
def test_what_cannot_work_is_refused_and_named(tmp_path, change, told):
    with pytest.raises(msgspec.ValidationError, match=told):
        configured(plugin(tmp_path).Config, {**SETTINGS, **change})


def test_yes_and_no_are_words_and_numbers_are_numbers(tmp_path):
    text = ACME.replace("delivered: [ok]", "delivered: [no, yes, 0123, 7]")
    assert plugin(tmp_path, text).declaration.statuses["delivered"] == ("no", "yes", "0123", 7)


def test_every_key_of_the_language_is_explained():
    page = (ROOT / "docs" / "explanation" / "declared-channels.md").read_text()
    parts = [kind for kind in vars(language).values() if isinstance(kind, type) and issubclass(kind, msgspec.Struct)]
    keys = {field.encode_name for kind in parts for field in msgspec.structs.fields(kind)}
    tags = {str(kind.__struct_config__.tag) for kind in parts} - {"None"}
    assert len(keys) > 50
    assert {word for word in keys | tags if not re.search(rf"(?<![a-z_]){word}(?![a-z_])", page)} == set()
    for names in (MEANINGS, FUNCTIONS, PIECES, FILTERS, WHOLE, APPROVED):
        assert {name for name in names if name not in page} == set()
