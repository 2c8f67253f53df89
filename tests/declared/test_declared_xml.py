"""XML in and out: what paths see of a document, what becomes of dangerous ones, and that the two are inverse."""

import pytest
from declared_files import ACME, NOW, came, made, plugin
from hypothesis import given
from hypothesis import strategies as st

from connectors.kit.declared.xml_tree import read, written
from connectors.kit.errors import BadPayload


@pytest.mark.parametrize(
    ("document", "tree"),
    [
        (b"<a>hi</a>", {"a": "hi"}),
        (b"<a/>", {"a": ""}),
        (b"<a b='1'/>", {"a": {"@b": "1"}}),
        (b"<a b='1'>hi<c/></a>", {"a": {"@b": "1", "#text": "hi", "c": ""}}),
        (b"<a>\n <c>1</c>\n <c>2</c>\n <c>3</c>\n</a>", {"a": {"c": ["1", "2", "3"]}}),
        (b"<s:a xmlns:s='urn:x'><s:b>&lt;&#233;<![CDATA[<&]]></s:b></s:a>", {"a": {"@s": "urn:x", "b": "<é<&"}}),
        ("<?xml version='1.0' encoding='ISO-8859-1'?><a>é</a>".encode("latin-1"), {"a": "é"}),
    ],
)
def test_a_document_is_a_tree(document, tree):
    assert read(document) == tree


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{}",
        b"<a>",
        b"<a></b>",
        b"<a/><b/>",
        b"<a>\xff</a>",
        b"<a>&b;</a>",
        b"<?xml version='1.0' encoding='utf-99'?><a/>",
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        b"<a>" * 31 + b"</a>" * 31,
        b"<a>" + b"<b/>" * 10_001 + b"</a>",
    ],
)
def test_what_is_no_document_or_a_dangerous_one_is_a_bad_payload(document):
    with pytest.raises(BadPayload):
        read(document)


NAMES = st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1).filter(
    lambda text: text.strip() and "\ufffe" not in text and "\uffff" not in text
)
TREES = st.recursive(
    TEXTS,
    lambda inner: st.dictionaries(NAMES, inner | st.lists(inner, min_size=2, max_size=3), min_size=1, max_size=3),
    max_leaves=8,
)


@given(NAMES, TREES)
def test_what_is_written_reads_back(root, tree):
    assert read(written({root: tree})) == {root: tree}


def test_what_xml_cannot_express_is_replaced_and_nothing_breaks_out():
    tree = {"a": {"@b": "\"'<>&\n", "#text": "\x00<c>&amp;", "d": [1, "2"]}}
    text = written(tree).decode()
    assert text.endswith("\ufffd&lt;c&gt;&amp;amp;<d>1</d><d>2</d></a>")
    assert read(text.encode())["a"]["d"] == ["1", "2"]
    with pytest.raises(ValueError, match="no name of an element"):
        written({"a b": "x"})


def test_a_channel_may_receive_xml(tmp_path):
    acme = made(plugin(tmp_path, ACME.replace("body: json", "body: xml\n  items: batch.item")))
    items = acme.parse(
        came(b"<batch><item><id>1</id><from>447700900222</from><text>hi</text></item><item><id>2</id></item></batch>")
    )
    assert [(getattr(item, "text", None), getattr(item, "reason", None)) for item in items] == [
        ("hi", None),
        (None, "of no declared kind"),
    ]
    assert items[0].occurred_at == NOW
