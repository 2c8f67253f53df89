"""What no command may hold, wherever in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.commands import EditMessage, Recipient, SendMessage, SetReaction, nul_in
from normalizer.parts import Card, CardsPart, NativePart, ReplyAction, TextPart

HELD = {
    "text": SendMessage(text="a\0b"),
    "to.address": SendMessage(to=Recipient(connector="perch", address="\0")),
    "client_ref": SendMessage(text="x", client_ref="r\0"),
    "parts[1].text": SendMessage(parts=(TextPart(text="x"), TextPart(text="\0"))),
    "parts[0].cards[0].actions[0].label": SendMessage(
        parts=(CardsPart(cards=(Card(title="x", actions=(ReplyAction(label="\0", value="y"),)),)),)
    ),
    "parts[0].data.a[0]": SendMessage(parts=(NativePart(kind="poll", data={"a": ["\0"]}),)),
    "parts[0].data": SendMessage(parts=(NativePart(kind="poll", data={"\0": 1}),)),
    "reaction": SetReaction(message_id="m", reaction="\0"),
    "message_id": EditMessage(message_id="\0", text="x"),
}


@pytest.mark.parametrize("name", HELD)
def test_a_nul_is_found_by_the_name_of_its_field(name):
    assert nul_in(HELD[name]) == name


@given(st.text(), st.text(), st.recursive(st.none() | st.text(), lambda inner: st.lists(inner, max_size=3)))
def test_nothing_else_is_taken_for_a_nul(text, reference, data):
    command = SendMessage(text=text, client_ref=reference, parts=(NativePart(kind="\\u0000", data={"x": data}),))
    assert (nul_in(command) is not None) == (r"\x00" in repr((text, reference, data)).replace(r"\\", ""))


def test_a_long_name_is_cut_however_often_it_would_be_repeated():
    deep = ["y"] * 10_000 + ["\0"]
    for _ in range(400):
        deep = {"x" * 1_000: deep}
    named = nul_in(SendMessage(parts=(NativePart(kind="poll", data={"a": deep}),)))
    assert named == ("parts[0].data.a." + "x" * 1_000)[:200]
