import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from model_strategies import TEXT, limits, replaced, values

from normalizer.capability import ActionLimit, Capability, Encoding, MediaLimit, SegmentLimit, TextLimit
from normalizer.model import Loss
from normalizer.parts import Action, Card, CardsPart, MediaKind, MediaPart, ReplyAction, Span, SpanKind, TextPart
from normalizer.payload import Payload, Rendered
from normalizer.render import render
from normalizer.render_text import ranges
from normalizer.segments import EXPRESSIBLE, cost, segments
from normalizer.split import cuts, fits

SMS = Capability(text=TextLimit(most=1600), segments=SegmentLimit(most=2))
SMART = replaced(SMS, segments=SegmentLimit(most=2, smart=True))
ONLY_GSM7 = replaced(SMS, segments=SegmentLimit(most=2, encoding=Encoding.GSM7))
TYPOGRAPHIC = Loss(what="typographic characters", became="plain ones")
NEAREST = Loss(what="characters outside GSM-7", became="the nearest in it, or ?")


def shown(text="", parts=(), actions=(), capability=SMS):
    return render(text, parts, actions, capability, False, {})


def sentences(word, number):
    return " ".join(f"{word * 8}." for _ in range(number))


def test_a_long_text_is_cut_at_its_sentences_into_payloads_of_so_many_segments():
    pieces = [sentences("abcd", number) for number in (9, 9, 2)]
    assert shown(sentences("abcd", 20)) == Rendered(payloads=tuple(Payload(text=piece) for piece in pieces))


def test_a_text_beyond_gsm7_is_cut_sooner():
    pieces = [sentences("абвг", number) for number in (3, 3, 3, 1)]
    assert shown(sentences("абвг", 10)) == Rendered(payloads=tuple(Payload(text=piece) for piece in pieces))


def test_each_payload_is_written_as_narrowly_as_its_own_text_allows():
    text = f"{sentences('abcd', 9)}\n\n{sentences('абвг', 3)}"
    rendered = shown(text)
    assert [payload.text for payload in rendered.payloads] == text.split("\n\n")
    assert [segments(payload.text).encoding for payload in rendered.payloads] == [Encoding.GSM7, Encoding.UCS2]


def test_a_text_within_the_limit_goes_as_it_is():
    assert shown("“Hi”,  there…\n") == Rendered(payloads=(Payload(text="“Hi”,  there…\n"),))


def test_both_limits_hold():
    capability = replaced(SMS, text=TextLimit(most=40, unit="octets"))
    assert [payload.text for payload in shown(sentences("abcd", 2), capability=capability).payloads] == [
        sentences("abcd", 1)
    ] * 2


def test_a_smart_channel_writes_typography_plainly_and_says_so():
    text = "“It’s – well…”\u00a0• ok\u200b"
    assert shown(text, capability=SMART) == Rendered(
        payloads=(Payload(text='"It\'s - well..." * ok'),), losses=(TYPOGRAPHIC,)
    )


@pytest.mark.parametrize("text", ["“It’s” 你好", "“It’s” ê", "It's", "\u200b"])
def test_a_smart_channel_leaves_a_text_alone_where_that_spares_nothing(text):
    assert shown(text, capability=SMART) == Rendered(payloads=(Payload(text=text),))


def test_formatting_moves_along_with_what_is_written_in_more_characters_or_fewer():
    form = TextPart(
        text="a…\u200bb c",
        spans=(
            Span(kind=SpanKind.BOLD, offset=1, length=3),
            Span(kind=SpanKind.CODE, offset=2, length=1),
            Span(kind=SpanKind.ITALIC, offset=5, length=1),
        ),
    )
    capability = replaced(SMART, spans=frozenset(SpanKind))
    assert shown(form.text, [form], capability=capability) == Rendered(
        payloads=(
            Payload(
                text="a...b c",
                spans=(
                    Span(kind=SpanKind.BOLD, offset=1, length=4),
                    Span(kind=SpanKind.ITALIC, offset=6, length=1),
                ),
            ),
        ),
        losses=(TYPOGRAPHIC,),
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("“Grüße”", '"Grüße"'),
        ("Çedilla, çedilla, e\u0301té", "Çedilla, cedilla, eté"),
        ("你好 ok 👍", "?? ok ?"),
        ("①½ ﬁ", "11/2 fi"),
        ("\u200b", "?"),
    ],
)
def test_a_channel_that_sends_only_gsm7_gets_the_nearest_characters(text, written):
    assert shown(text, capability=ONLY_GSM7) == Rendered(payloads=(Payload(text=written),), losses=(NEAREST,))


def test_a_channel_that_sends_only_ucs2_gets_the_text_as_it_is():
    capability = replaced(SMS, segments=SegmentLimit(most=1, encoding=Encoding.UCS2, smart=True))
    assert shown("“Hi”", capability=capability) == Rendered(payloads=(Payload(text="“Hi”"),))
    assert len(shown("a" * 71, capability=capability).payloads) == 2


def test_a_caption_is_not_counted_in_segments():
    media = MediaLimit(kinds=frozenset(MediaKind), most_octets=1_000, caption=TextLimit(most=1600))
    photo = MediaPart(attachment_id="a1", kind=MediaKind.IMAGE, media_type="image/jpeg")
    capability = replaced(SMART, media=media)
    payload = Payload(text="“a”" * 200, media=(photo,))
    assert shown(payload.text, [photo], capability=capability) == Rendered(payloads=(payload,))
    assert cost(payload, capability) == 1


def test_numbered_answers_count_too():
    rendered = shown("a" * 300, actions=[ReplyAction(label="Yes"), ReplyAction(label="No")])
    assert [payload.text for payload in rendered.payloads] == ["a" * 300, "1. Yes\n2. No"]


# --- for any message and any channel that counts in segments --------------------------------------------------------

SEGMENTS = st.builds(
    SegmentLimit, most=st.integers(1, 3), encoding=st.none() | st.sampled_from(Encoding), smart=st.booleans()
)
CAPABILITIES = st.builds(
    Capability,
    text=limits(60) | limits(600),
    segments=SEGMENTS,
    spans=st.frozensets(st.sampled_from(SpanKind)),
    actions=st.none()
    | st.builds(ActionLimit, types=st.just(frozenset({"reply", "link"})), most=st.integers(1, 3), label=limits(12)),
)
RUNS = st.lists(st.builds(lambda run, times: run * times, TEXT, st.integers(1, 20)), max_size=4).map("".join)
TEXTS = TEXT | RUNS
SPANS = st.lists(
    st.builds(Span, kind=st.sampled_from(SpanKind), offset=st.integers(0, 200), length=st.integers(0, 200)), max_size=4
)
FORMS = st.builds(TextPart, text=TEXTS, spans=SPANS.map(tuple))
CARDS = st.builds(CardsPart, cards=st.lists(st.builds(Card, title=TEXTS), max_size=2).map(tuple))
ANY = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@ANY
@given(TEXTS, st.lists(FORMS | CARDS, max_size=2), st.lists(values(Action), max_size=3), CAPABILITIES)
def test_every_payload_is_within_the_segments_and_the_characters_of_its_channel(text, parts, actions, capability):
    for payload in render(text, parts, actions, capability, False, {}).payloads:
        assert payload.text.strip()
        assert fits(payload.text, capability.text)
        assert cost(payload, capability) <= capability.segments.most
        assert capability.segments.encoding is not Encoding.GSM7 or EXPRESSIBLE.issuperset(payload.text)
        assert all(span.length > 0 and 0 <= span.offset <= len(payload.text) - span.length for span in payload.spans)


@ANY
@given(TEXTS, CAPABILITIES)
def test_pieces_are_in_order_and_only_whitespace_lies_between(text, capability):
    pieces = ranges(text, capability)
    edges = [0, *(edge for piece in pieces for edge in piece), len(text)]
    assert edges == sorted(edges)
    gaps = [text[end:start] for end, start in zip(edges[::2], edges[1::2], strict=True)]
    assert all(gap == "" or gap.isspace() for gap in gaps)
    assert all(text[start:end].strip() for start, end in pieces)


@ANY
@given(TEXTS, limits(60) | limits(600))
@example("0" * 23 + "  00\n" + "0" * 20 + "  00\n" + "0" * 12, TextLimit(most=48))
@example("0" * 10 + "   ", TextLimit(most=11))
@example("abc def \u0301ghi", TextLimit(most=8))
def test_a_channel_with_more_segments_than_characters_is_cut_like_any_other(text, limit):
    generous = Capability(text=limit, segments=SegmentLimit(most=1_000))
    assert ranges(text, generous) == cuts(text, limit)


@ANY
@given(TEXTS)
def test_a_channel_of_one_segment_in_ucs2_is_one_of_70_units(text):
    single = Capability(text=TextLimit(most=1600), segments=SegmentLimit(most=1, encoding=Encoding.UCS2))
    assert ranges(text, single) == cuts(text, TextLimit(most=70, unit="utf16"))


@ANY
@given(st.lists(st.sampled_from(["word", "Ok. ", "!", " ", "\n", "\n\n", "a" * 70]), max_size=40).map("".join))
def test_a_text_of_single_septets_is_cut_at_160(text):
    single = Capability(text=TextLimit(most=1600), segments=SegmentLimit(most=1))
    assert ranges(text, single) == cuts(text, TextLimit(most=160))


@ANY
@given(st.lists(st.tuples(st.sampled_from("aé[ê你😀"), st.integers(1, 90)), max_size=8), st.integers(1, 3))
def test_a_text_without_a_break_fills_every_payload(runs, most):
    text = "".join(character * times for character, times in runs)
    pieces = ranges(text, Capability(text=TextLimit(most=100_000), segments=SegmentLimit(most=most)))
    assert "".join(text[start:end] for start, end in pieces) == text
    for start, end in pieces[:-1]:
        assert segments(text[start : end + 1]).count > most


@ANY
@given(TEXTS, CAPABILITIES)
def test_the_same_text_renders_the_same_again(text, capability):
    assert shown(text, capability=capability) == shown(text, capability=capability)


@pytest.mark.timeout(20)  # looking twice at what was seen takes minutes here
@pytest.mark.parametrize("run", ["hello world foo. ", "a", "[", "你好。", "👩‍👩‍👧‍👦", "\n", "a" + " " * 5_000])
def test_a_megabyte_of_anything_is_cut_in_one_go(run):
    text = run * (1_000_000 // len(run))
    capability = Capability(text=TextLimit(most=1_000_000), segments=SegmentLimit(most=1))
    pieces = ranges(text, capability)
    assert "".join("".join(text[start:end].split()) for start, end in pieces) == "".join(text.split())
