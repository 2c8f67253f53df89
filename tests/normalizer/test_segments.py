import json
import sys
from pathlib import Path

import pytest
import smsutil
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from model_strategies import TEXT

from normalizer.capability import Capability, Encoding, MediaLimit, SegmentLimit, TextLimit
from normalizer.parts import MediaKind, MediaPart
from normalizer.payload import Payload
from normalizer.segments import EXPRESSIBLE, EXTENSION, GSM7, JOINED, SINGLE, Segmented, cost, reach, segments

COUNTED = json.loads((Path(__file__).parent / "segments_counted.json").read_text())["texts"]

SOME = settings(max_examples=400, deadline=None)
BASIC, EXTENDED = st.sampled_from(sorted(GSM7)), st.sampled_from(sorted(EXTENSION))
BEYOND = st.characters(min_codepoint=0x10000)
MARKS = st.characters(categories=["Mn", "Mc", "Me"])
ANYTHING = st.one_of(BASIC, EXTENDED, st.characters(max_codepoint=0xFFFF), BEYOND, MARKS)


def long(characters):
    """Texts of up to some thousand characters, in runs: several segments, their ends anywhere."""
    runs = st.builds(lambda run, times: run * times, st.text(characters, max_size=5), st.integers(1, 80))
    return st.lists(runs, max_size=8).map("".join)


LONG = st.one_of(st.just(""), long(BASIC), long(BASIC | EXTENDED), long(BEYOND), long(ANYTHING), TEXT)


def units(text, encoding):
    """As many as there are septets, or units of 16 bits, by somebody else's codec."""
    return (
        len(text.encode("gsm0338"))
        if encoding is Encoding.GSM7
        else len(text.encode("utf-16-be", "surrogatepass")) // 2
    )


@pytest.mark.parametrize(
    ("text", "encoding", "lengths"),
    [
        ("", Encoding.GSM7, [0]),
        ("a" * 160, Encoding.GSM7, [160]),
        ("a" * 161, Encoding.GSM7, [153, 8]),
        ("a" * 306, Encoding.GSM7, [153, 153]),
        ("a" * 307, Encoding.GSM7, [153, 153, 1]),
        ("€" * 80, Encoding.GSM7, [80]),
        ("€" * 81, Encoding.GSM7, [76, 5]),
        ("a" * 152 + "[" + "a" * 7, Encoding.GSM7, [152, 8]),
        ("你" * 70, Encoding.UCS2, [70]),
        ("你" * 71, Encoding.UCS2, [67, 4]),
        ("😀" * 35, Encoding.UCS2, [35]),
        ("😀" * 36, Encoding.UCS2, [33, 3]),
        ("a" * 66 + "😀" + "a" * 4, Encoding.UCS2, [66, 5]),
        ("ç", Encoding.UCS2, [1]),
        ("Ç", Encoding.GSM7, [1]),
        ("\x1b", Encoding.UCS2, [1]),
        ("\t", Encoding.UCS2, [1]),
    ],
)
def test_a_text_divides_as_the_standard_says(text, encoding, lengths):
    got = segments(text)
    assert (got.encoding, [len(piece) for piece in got.pieces]) == (encoding, lengths)
    assert got.count == len(lengths)


def test_a_channel_without_gsm7_counts_every_text_in_ucs2():
    assert segments("a" * 71, Encoding.UCS2) == Segmented(encoding=Encoding.UCS2, pieces=("a" * 67, "a" * 4))


def test_what_gsm7_lacks_is_counted_in_ucs2_even_where_only_gsm7_is_sent():
    assert segments("你", Encoding.GSM7) == Segmented(encoding=Encoding.UCS2, pieces=("你",))


def test_a_lone_surrogate_is_one_unit():
    assert segments("\ud83d" * 71).count == 2


def test_the_alphabet_is_the_one_another_implementation_writes():
    written = {chr(point) for point in range(sys.maxunicode + 1) if smsutil.is_valid_gsm(chr(point))}
    assert written - {"\x1b"} == EXPRESSIBLE  # the escape is no character
    assert {character for character in EXPRESSIBLE if units(character, Encoding.GSM7) == 2} == EXTENSION


@SOME
@given(LONG)
@example("a" * 159 + "[")
@example("a" * 152 + "[[" + "a" * 151)
def test_a_text_divides_as_another_implementation_divides_it(text):
    assume("\x1b" not in text)  # which it writes, though it reads it as the escape
    got, other = segments(text), smsutil.split(text)
    assert list(got.pieces) == [part.content for part in other.parts]
    if text:
        assert (got.encoding is Encoding.GSM7) == (other.encoding == "gsm0338")


@pytest.mark.parametrize("counted", COUNTED, ids=range(len(COUNTED)))
def test_a_text_divides_as_a_provider_counts_it(counted):
    got = segments("".join(run * times for run, times in counted["runs"]))
    assert (got.encoding, [units(piece, got.encoding) for piece in got.pieces]) == (
        Encoding(counted["encoding"]),
        counted["units"],
    )


@SOME
@given(LONG, st.none() | st.just(Encoding.UCS2))
def test_segments_are_the_text_each_full_and_none_too_full(text, only):
    got = segments(text, only)
    lengths = [units(piece, got.encoding) for piece in got.pieces]
    assert "".join(got.pieces) == text
    if got.count == 1:
        assert lengths[0] <= SINGLE[got.encoding]
        return
    assert sum(lengths) > SINGLE[got.encoding]
    assert all(length <= JOINED[got.encoding] for length in lengths)
    for piece, after in zip(got.pieces, got.pieces[1:], strict=False):
        assert units(piece + after[0], got.encoding) > JOINED[got.encoding]


@SOME
@given(LONG, LONG)
def test_a_longer_text_never_takes_fewer_segments(text, more):
    assert segments(text + more).count >= segments(text).count


@SOME
@given(LONG, st.integers(0, 200), st.integers(1, 4), st.none() | st.just(Encoding.UCS2))
def test_what_reaches_into_a_payload_fits_it_and_one_character_more_does_not(text, start, most, only):
    limit = SegmentLimit(most=most, encoding=only)
    end = start + reach(text, start, limit)
    assert segments(text[start:end], only).count <= most
    assert end >= len(text) or segments(text[start : end + 1], only).count > most


# --- what a payload costs -------------------------------------------------------------------------------------------

SMS = Capability(
    text=TextLimit(most=1600),
    segments=SegmentLimit(most=10),
    media=MediaLimit(kinds=frozenset({MediaKind.IMAGE}), most_octets=5_000_000, caption=TextLimit(most=1600)),
)
PHOTO = MediaPart(attachment_id="a1", kind=MediaKind.IMAGE, media_type="image/jpeg")


@pytest.mark.parametrize(
    ("payload", "units"),
    [
        (Payload(text="a" * 160), 1),
        (Payload(text="a" * 161), 2),
        (Payload(text="你" * 135), 3),
        (Payload(), 1),
        (Payload(text="a" * 1600, media=(PHOTO,)), 1),
    ],
)
def test_a_payload_costs_its_segments_and_one_with_files_is_one(payload, units):
    assert cost(payload, SMS) == units


def test_a_payload_costs_what_it_takes_in_the_only_encoding_there_is():
    only = Capability(text=TextLimit(most=1600), segments=SegmentLimit(most=10, encoding=Encoding.UCS2))
    assert cost(Payload(text="a" * 160), only) == 3


def test_a_payload_costs_one_where_the_channel_does_not_count_in_segments():
    assert cost(Payload(text="你" * 4096), Capability(text=TextLimit(most=4096))) == 1


def test_a_limit_that_lets_no_segment_through_is_refused_where_it_is_declared():
    with pytest.raises(ValueError, match="at least 1"):
        SegmentLimit(most=0)
