"""What leaves and comes, octet by octet, judged by libraries that are not ours."""

import struct

import pytest
import smpp34
import smsutil
from hypothesis import given
from hypothesis import strategies as st
from smsc import BEFORE, saying

from connectors.channels.smpp import pdu
from connectors.channels.smpp.alphabet import gsm7, read, written
from connectors.channels.smpp.config import Config
from connectors.channels.smpp.joining import joined, parted
from connectors.channels.smpp.pdu import Party, Pdu, Short, read_short
from connectors.channels.smpp.segmenting import Joining, segments
from connectors.channels.smpp.wire import submits
from connectors.kit.config import configured
from connectors.kit.errors import BadPayload, Refused
from normalizer.segments import EXPRESSIBLE

PARTIES = st.builds(Party, st.integers(0, 255), st.integers(0, 255), st.text("0123456789+", max_size=20))
SHORTS = st.builds(
    Short,
    source=PARTIES,
    destination=PARTIES,
    esm_class=st.integers(0, 255),
    data_coding=st.integers(0, 255),
    message=st.binary(max_size=254),
    service_type=st.text("ABC", max_size=5),
    parameters=st.dictionaries(
        st.sampled_from([pdu.RECEIPTED_MESSAGE_ID, pdu.MESSAGE_PAYLOAD, 0x1401]), st.binary(min_size=1, max_size=50)
    ),
)


@given(SHORTS)
def test_a_message_reads_as_it_was_written(message: Short) -> None:
    assert read_short(message.body()) == message


@given(SHORTS)
def test_another_library_reads_what_we_write(message: Short) -> None:
    theirs = smpp34.decode(Pdu(pdu.DELIVER_SM, 0, 7, message.body()).octets())
    assert isinstance(theirs, smpp34.DeliverSm)
    assert (theirs.source_addr, theirs.destination_addr) == (message.source.number, message.destination.number)
    assert (theirs.esm_class, theirs.data_coding, theirs.short_message) == (
        message.esm_class,
        message.data_coding,
        message.message,
    )
    assert {one.tag: one.value for one in theirs.tlvs} == message.parameters


@given(st.binary(max_size=300))
def test_octets_of_no_meaning_are_a_bad_payload(octets: bytes) -> None:
    for body in pdu.each(octets):
        for reader in (pdu.read, read_short):
            try:
                reader(body)
            except BadPayload:
                continue


@given(st.text(sorted(EXPRESSIBLE), max_size=40))
def test_the_default_alphabet_is_the_one_of_another_library(text: str) -> None:
    made = written(text, "gsm7")
    octets = b"".join(made.pieces)
    assert (made.coding, octets) == (0, smsutil.encode(text))
    assert gsm7(octets) == text


@given(st.text(max_size=40), st.sampled_from(["gsm7", "latin1", "ucs2"]))
def test_whatever_alphabet_it_leaves_in_it_reads_the_same(text, wanted):
    text = text.encode("utf-16-be", "replace").decode("utf-16-be")
    made = written(text, wanted)
    assert read(b"".join(made.pieces), made.coding, "gsm7") == text


@pytest.mark.parametrize("joining", ["udh8", "udh16", "sar"])
@given(text=st.text("aé€Ж📦", min_size=1, max_size=900))
def test_segments_fit_and_together_are_the_text(joining: Joining, text: str) -> None:
    made = segments(text, "gsm7", joining, 0xBEEF)
    found = []
    for number, segment in enumerate(made, 1):
        message = Short(
            Party(1, 1, "1"), Party(1, 1, "2"), segment.esm_class, message=segment.octets, parameters=segment.parameters
        )
        header, content = parted(message)
        room = (
            160 - (0 if not header else 7 if joining == "udh8" else 8)
            if segment.coding == 0
            else 140 - (len(segment.octets) - len(content))
        )
        assert len(content) <= room
        found.append(read(content, segment.coding, "gsm7"))
        if len(made) > 1:
            reference = 0xEF if joining == "udh8" else 0xBEEF
            assert joined(message) == (reference, len(made), number)
    assert "".join(filter(None, found)) == text


def test_a_carrier_that_takes_long_messages_whole_gets_one() -> None:
    (segment,) = segments("x" * 400, "gsm7", "payload", 1)
    assert (segment.octets, segment.parameters) == (b"", {pdu.MESSAGE_PAYLOAD: b"x" * 400})


def test_a_text_of_more_segments_than_can_be_counted_is_refused() -> None:
    with pytest.raises(Refused, match="255 segments"):
        segments("x" * (153 * 255 + 1), "gsm7", "udh8", 1)


def test_segments_of_latin_1_have_eight_bits_each() -> None:
    made = segments("ü" * 141, "latin1", "udh8", 1)
    assert [(one.coding, len(one.octets)) for one in made] == [(3, 6 + 134), (3, 6 + 7)]


def test_only_the_last_segment_is_asked_of_when_it_arrives() -> None:
    config = configured(Config, BEFORE)
    assert [one.registered_delivery for one in submits(saying("x" * 400), config)] == [2, 2, 1]
    silent = configured(Config, {**BEFORE, "receipts": False})
    assert [one.registered_delivery for one in submits(saying("x" * 400), silent)] == [0, 0, 0]


def test_a_message_tried_again_is_joined_by_the_same_reference() -> None:
    config = configured(Config, BEFORE)
    assert submits(saying("x" * 400), config) == submits(saying("x" * 400), config)


def test_what_another_library_writes_is_read() -> None:
    theirs = smpp34.DeliverSm(
        "447700900222", "447700900111", b"hi", source_addr_ton=1, tlvs=[smpp34.Tlv(0x1401, b"x")], sequence_number=3
    ).encode()
    found = read_short(pdu.read(theirs).body)
    assert (found.source, found.message, found.parameters) == (
        Party(1, found.source.npi, "447700900222"),
        b"hi",
        {0x1401: b"x"},
    )


def test_a_header_is_sixteen_octets_at_least() -> None:
    with pytest.raises(BadPayload, match="15 octets"):
        pdu.length(struct.pack(">IIII", 15, 0, 0, 0))
