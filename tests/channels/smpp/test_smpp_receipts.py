"""Receipts in every dialect, and what a poll remembers."""

import pytest
from smsc import BEFORE

from connectors.channels.smpp import pdu, taking
from connectors.channels.smpp.pdu import Party, Short
from connectors.channels.smpp.receipts import plain, receipt, told
from connectors.channels.smpp.simulator import Simulator


def short(**parameters: bytes) -> Short:
    tags = {"id": pdu.RECEIPTED_MESSAGE_ID, "state": pdu.MESSAGE_STATE}
    return Short(
        Party(1, 1, "1"), Party(1, 1, "2"), parameters={tags[name]: value for name, value in parameters.items()}
    )


@pytest.mark.parametrize(
    ("answered", "reported", "dialect"),
    [
        ("12345", "12345", "same"),
        ("12345", "0000012345", "same"),
        ("00ab12", "AB12", "same"),
        ("0198-aB", "0198-aB", "same"),
        ("1A2B3C", "1715004", "hex_to_decimal"),
        ("001a2b3c", "0001715004", "hex_to_decimal"),
        ("1715004", "1A2B3C", "decimal_to_hex"),
        ("1715004", "001a2b3c", "decimal_to_hex"),
        ("not-a-number", "not-a-number", "hex_to_decimal"),
    ],
)
def test_an_id_is_known_again_however_a_receipt_writes_it(answered: str, reported: str, dialect: str) -> None:
    text = f"id:{reported} sub:001 dlvrd:001 submit date:2611211000 done date:2611211001 stat:DELIVRD err:000 Text:id:9"
    found = receipt(short(), text, dialect)
    assert found is not None
    assert found.id == told(answered, dialect)
    assert (found.state, found.error, found.done) == ("DELIVRD", "000", "2611211001")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("id:1715004 stat:DELIVRD", b"1A2B3C\0"),  # the parameter has the id as it was answered
        ("id:1715004 stat:DELIVRD", b"1715004\0"),  # and here it repeats the text's
        ("", b"1A2B3C\0"),
    ],
)
def test_the_parameters_go_before_the_text(text: str, named: bytes) -> None:
    found = receipt(short(id=named, state=b"\x05"), text, "hex_to_decimal")
    assert found is not None
    assert (found.id, found.state) == (told("1a2b3c", "hex_to_decimal"), "UNDELIV")


@pytest.mark.parametrize("text", ["ID: 0042 STAT: delivrd", "stat:DELIVRD\nid:42", "id:42 stat:DELIVRDX"])
def test_a_text_is_read_leniently(text: str) -> None:
    found = receipt(short(), text, "same")
    assert found is not None
    assert (found.id, found.state) == ("42", "DELIVRD")


def test_an_id_of_noughts_is_one() -> None:
    assert plain("0000") == "0"


SIM = Simulator(BEFORE)
OK = SIM.short(b"ok")


def test_what_comes_again_on_another_session_has_its_first_name() -> None:
    first = taking.take(taking.State(), [OK], "one", 1_790_000_000_000_000)
    again = taking.take(first.state, [OK], "two", 1_790_000_010_000_000)
    assert again.names == first.names
    assert taking.read(taking.write(again.state)) == again.state


def test_the_same_words_on_the_same_session_are_another_message() -> None:
    first = taking.take(taking.State(), [OK, OK], "one", 1_790_000_000_000_000)
    second = taking.take(first.state, [OK], "one", 1_790_000_010_000_000)
    assert len({*first.names, *second.names}) == 3


def test_after_a_quarter_of_an_hour_nothing_is_a_repetition() -> None:
    first = taking.take(taking.State(), [OK], "one", 1_790_000_000_000_000)
    later = taking.take(first.state, [OK], "two", 1_790_000_901_000_000)
    assert later.names != first.names


def segment(number: int, reference: int = 7) -> bytes:
    return SIM.short(bytes((5, 0, 3, reference, 2, number)) + b"words", esm_class=0x40)


def test_segments_that_belong_together_have_one_name_and_a_reference_that_comes_anew_another() -> None:
    first = taking.take(taking.State(), [segment(1), segment(1, 8)], "one", 1_790_000_000_000_000)
    second = taking.take(first.state, [segment(2)], "one", 1_790_000_010_000_000)
    third = taking.take(second.state, [segment(1)], "one", 1_790_000_020_000_000)
    assert second.groups == first.groups[:1]
    assert len({*first.groups, *third.groups}) == 3


def test_what_is_remembered_is_bounded() -> None:
    state = taking.State()
    for at in range(800):
        state = taking.take(
            state, [segment(1, at % 256), SIM.short(str(at).encode())], "one", 1_790_000_000_000_000 + at
        ).state
    assert (len(state.heard), len(state.groups)) == (500, 200)


def test_the_cursor_of_another_plugin_is_as_none() -> None:
    assert taking.read("12345") == taking.read("?") == taking.read(None) == taking.State()
