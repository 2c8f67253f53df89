from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from model_strategies import TEXT, limits

from normalizer.capability import TextLimit
from normalizer.graphemes import boundary
from normalizer.split import cuts, shorten, size, split


def most(number, unit="code_points"):
    return TextLimit(most=number, unit=unit)


@pytest.mark.parametrize(
    ("text", "limit", "pieces"),
    [
        ("fits as it is \n", most(20), ["fits as it is \n"]),
        ("", most(20), []),
        ("  \n ", most(20), []),
        ("One. Two. Ok.\n\nThree.\nFour. Five", most(22), ["One. Two. Ok.", "Three.\nFour. Five"]),
        ("One two.\nThree. Four", most(15), ["One two.", "Three. Four"]),
        ("One two. Three four five", most(15), ["One two.", "Three four five"]),
        ("He said 'go.' Then left us", most(20), ["He said 'go.'", "Then left us"]),
        ("one two three four five", most(10), ["one two", "three four", "five"]),
        ("你好吗？我很好。谢谢你！再见", most(9), ["你好吗？我很好。", "谢谢你！再见"]),
        ("他说「走吧。」然后离开", most(8), ["他说「走吧。」", "然后离开"]),
        ("苹果，香蕉，葡萄干", most(7), ["苹果，香蕉，", "葡萄干"]),
        ("这里。\ufe01那里那里", most(6), ["这里。\ufe01那里", "那里"]),
        ("这里这里。\ufe01那里", most(6), ["这里这里。\ufe01", "那里"]),
        ("one two  \u0301three", most(10), ["one two", " \u0301three"]),
        ("Hi " + "x" * 12, most(10), ["Hi", "x" * 10, "xx"]),
        ("a\r\n\r\nbcd efgh", most(10), ["a\r\n\r\nbcd", "efgh"]),
        ("abcd\r\n\r\nefgh ij", most(10), ["abcd", "efgh ij"]),
    ],
)
def test_a_text_is_cut_where_a_reader_would_pause(text, limit, pieces):
    assert split(text, limit) == pieces


@pytest.mark.parametrize(
    ("character", "unit", "number"),
    [
        ("👩‍👩‍👧‍👦", "code_points", 10),
        ("🇬🇧", "code_points", 5),
        ("👍🏽", "utf16", 7),
        ("e\u0301", "octets", 8),
        ("𝕏", "utf16", 5),
        ("각", "code_points", 5),
        ("क्षि", "code_points", 6),
    ],
)
def test_what_a_reader_sees_as_one_character_stays_whole(character, unit, number):
    pieces = split(character * 7, most(number, unit))
    assert "".join(pieces) == character * 7
    assert all(piece == character * (len(piece) // len(character)) for piece in pieces)


def test_a_line_end_of_two_characters_is_never_torn():
    assert split("aaaa\r\nbbbb", most(5)) == ["aaaa", "bbbb"]


def test_a_character_longer_than_the_limit_is_cut_as_nothing_else_is_left():
    assert [len(piece) for piece in split("a" + "\u0301" * 10, most(4))] == [4, 4, 3]


@pytest.mark.parametrize(("unit", "length"), [("code_points", 3), ("utf16", 4), ("octets", 8)])
def test_a_text_is_counted_as_the_provider_counts(unit, length):
    assert size("a𝕏你", unit) == length


def test_a_limit_that_holds_no_character_is_refused_where_it_is_declared():
    with pytest.raises(ValueError, match="at least 4"):
        most(3)


@settings(max_examples=400, deadline=None)
@given(TEXT, limits(30))
@example("a" + " " * 40 + "\u0301b", TextLimit(most=4))
@example("🇬🇧" * 20, TextLimit(most=9, unit="octets"))
def test_pieces_fit_are_not_empty_and_only_whitespace_lies_between(text, limit):
    ranges = cuts(text, limit)
    pieces = split(text, limit)
    assert pieces == [text[start:end] for start, end in ranges]
    assert all(size(piece, limit.unit) <= limit.most and piece.strip() for piece in pieces)
    starts = [start for start, _ in ranges]
    ends = [end for _, end in ranges]
    gaps = [text[end:start] for end, start in zip([0, *ends], [*starts, len(text)], strict=True)]
    assert all(gap == "" or gap.isspace() for gap in gaps)
    rejoined = "".join(gap + piece for gap, piece in zip(gaps, [*pieces, ""], strict=True))
    assert rejoined == text


@settings(max_examples=400, deadline=None)
@given(TEXT, limits(60))
def test_no_character_is_torn_that_fits_a_piece(text, limit):
    ranges = cuts(text, limit)
    for (_, end), (start, _) in pairwise(ranges):
        assert end == start or boundary(text, start, end)
    for start, end in ranges[:-1]:
        if boundary(text, end, start):
            continue
        # Only where everything in the piece is the beginning of one character.
        assert not any(boundary(text, at, start) for at in range(start + 1, end + 1))


@settings(max_examples=200, deadline=None)
@given(TEXT, limits(60))
def test_a_piece_that_was_split_off_stays_whole(text, limit):
    for piece in split(text, limit):
        assert split(piece, limit) == [piece]


LONG = {
    "words": "hello world foo. " * 60_000,
    "one word": "a" * 1_000_000,
    "line ends": "\n" * 1_000_000 + "x",
    "paragraphs": "\n   " * 250_000 + "x",
    "full stops": "." * 1_000_000,
    "runs of spaces": ("a" + " " * 5_000) * 200,
    "no spaces": "你好。" * 333_333,
    "flags": "🇬🇧" * 250_000,
    "marks": "a" + "\u0301" * 500_000,
}


@pytest.mark.timeout(20)  # a search that looks twice at what it has seen takes minutes here, not tenths of a second
@pytest.mark.parametrize("name", LONG)
@pytest.mark.parametrize("unit", ["code_points", "octets"])
def test_a_megabyte_of_anything_is_split_in_one_go(name, unit):
    pieces = split(LONG[name], most(1600, unit))
    assert "".join("".join(pieces).split()) == "".join(LONG[name].split())


@given(TEXT, limits(30))
def test_a_shortened_text_fits_and_is_its_own_beginning(text, limit):
    short = shorten(text, limit)
    assert size(short, limit.unit) <= limit.most
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


def test_shortening_says_so():
    assert shorten("Yes, please do", most(20)) == "Yes, please do"
    assert shorten("Yes, please do", most(6)) == "Yes,…"
    assert shorten("👩‍👩‍👧‍👦👩‍👩‍👧‍👦", most(9)) == "👩‍👩‍👧‍👦…"
