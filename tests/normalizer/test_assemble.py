from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.assemble import assemble, external_ids
from normalizer.inbound import Address, Fragment, Media, MessageReceived, Peer, Person
from normalizer.parts import ContactCardPart, MediaKind, Span, SpanKind, TextPart

PEER = Peer(person=Person(address=Address(scheme="room", value="42")))
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def photo(name):
    return Media(source=name, kind=MediaKind.IMAGE, media_type="image/jpeg")


def piece(order, text="", *, count=None, **given):
    return MessageReceived(
        **{
            "key": f"update-{order}",
            "external_id": f"m{order}",
            "peer": PEER,
            "text": text,
            "occurred_at": NOON + timedelta(seconds=order),
            "fragment": Fragment(group="g7", order=order, count=count),
            **given,
        }
    )


def test_an_album_becomes_one_message_with_its_captions_as_lines():
    first = piece(1, "Front", media=(photo("a"),), occurred_at=NOON + timedelta(seconds=9))
    second = piece(2, media=(photo("b"),), reply_to="m0")
    third = piece(3, "Back", media=(photo("c"),), auto=True)
    assert assemble([third, first, second]) == MessageReceived(
        key="fragment:g7",
        external_id="m1",
        peer=PEER,
        text="Front\nBack",
        media=(photo("a"), photo("b"), photo("c")),
        reply_to="m0",
        occurred_at=NOON + timedelta(seconds=2),
        auto=True,
        fragment=None,
    )


def test_a_concatenated_text_is_joined_where_it_was_cut():
    whole = assemble([piece(2, "lo wor", count=3), piece(1, "Hel", count=3), piece(3, "ld", count=3)])
    assert whole.text == "Hello world"


def test_formatting_moves_along_into_one_form_of_the_whole_text():
    bold = TextPart(text="Front", spans=(Span(kind=SpanKind.BOLD, offset=0, length=5),))
    card = ContactCardPart(name="Bea")
    whole = assemble([piece(2, "Back"), piece(3, "Side", parts=(card,)), piece(1, "Front", parts=(bold,))])
    assert whole.text == "Front\nBack\nSide"
    assert whole.parts == (TextPart(text="Front\nBack\nSide", spans=bold.spans), card)
    moved = assemble([piece(1, "Back"), piece(2, "Front", parts=(bold,))])
    assert moved.parts == (TextPart(text="Back\nFront", spans=(Span(kind=SpanKind.BOLD, offset=5, length=5),)),)


def test_the_pieces_ids_stand_in_order():
    assert external_ids([piece(3), piece(1), piece(2)]) == ("m1", "m2", "m3")


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [piece(1, fragment=None)],
        [piece(1), piece(2, fragment=None)],
        [piece(1), piece(2, fragment=Fragment(group="g8", order=2))],
    ],
)
def test_only_pieces_of_one_group_are_put_together(pieces):
    with pytest.raises(ValueError, match="pieces"):
        assemble(pieces)


PIECES = st.lists(
    st.builds(
        piece,
        st.integers(0, 5),
        st.text(max_size=5),
        count=st.none() | st.just(4),
        key=st.text(min_size=1, max_size=3),
        media=st.lists(st.sampled_from("abc").map(photo), max_size=2).map(tuple),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda item: item.key,
)


@given(PIECES.flatmap(lambda pieces: st.tuples(st.just(pieces), st.permutations(pieces))))
def test_the_order_of_arrival_does_not_matter(both):
    pieces, shuffled = both
    assert assemble(pieces) == assemble(shuffled)
    assert external_ids(pieces) == external_ids(shuffled)


@given(PIECES)
def test_no_file_and_no_word_is_lost(pieces):
    whole = assemble(pieces)
    assert sorted(media.source for media in whole.media) == sorted(m.source for p in pieces for m in p.media)
    words = sorted("".join("".join(p.text.split()) for p in pieces))
    if any(piece.text for piece in pieces):
        assert sorted("".join(whole.text.split())) == words
    else:
        assert whole.text == " ".join(f"[{media.kind}]" for media in whole.media)
