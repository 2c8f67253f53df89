import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_strategies import TEXT, limits, replaced, values

from normalizer.capability import ActionLimit, Capability, CardLimit, MediaLimit, TextLimit
from normalizer.model import Loss
from normalizer.offered import spelled
from normalizer.parts import (
    Action,
    CallAction,
    Card,
    CardsPart,
    ChoicePart,
    ContactCardPart,
    FormAction,
    LinkAction,
    LocationPart,
    MediaKind,
    MediaPart,
    NativePart,
    OriginalPart,
    Part,
    PostbackAction,
    ReplyAction,
    ShareLocationAction,
    Span,
    SpanKind,
    TextPart,
)
from normalizer.payload import Payload, Rendered
from normalizer.placeholder import placeholder
from normalizer.render import render
from normalizer.split import fits

PLAIN = Capability(text=TextLimit(most=160))
RICH = Capability(
    text=TextLimit(most=4096, unit="utf16"),
    spans=frozenset(SpanKind),
    media=MediaLimit(
        kinds=frozenset(MediaKind),
        most_octets=1_000,
        caption=TextLimit(most=20),
        album=3,
        album_kinds=frozenset({MediaKind.IMAGE, MediaKind.VIDEO}),
    ),
    actions=ActionLimit(
        types=frozenset({"reply", "postback", "link"}),
        most=3,
        label=TextLimit(most=20),
        value=TextLimit(most=64, unit="octets"),
    ),
    location=True,
    contact_card=True,
    replies=True,
)
LINKS = {"a1": "https://files.example.com/a1", "a2": "https://files.example.com/a2"}
YES_NO = (ReplyAction(label="Yes", value="y"), ReplyAction(label="No", value="n"))
PLACE = LocationPart(latitude=51.5, longitude=-0.125, name="Office", address="1 High St")


def photo(attachment_id="a1", kind=MediaKind.IMAGE, **given):
    return MediaPart(attachment_id=attachment_id, kind=kind, media_type="image/jpeg", **given)


def shown(text="", parts=(), actions=(), capability=RICH, *, reply=False):
    return render(text, parts, actions, capability, reply, LINKS)


def test_plain_text_is_one_payload():
    assert shown("Hello") == Rendered(payloads=(Payload(text="Hello"),))


@pytest.mark.parametrize("text", ["", "  \n"])
def test_a_message_without_content_has_no_payload(text):
    assert shown(text, reply=True) == Rendered(payloads=())


def test_the_quotation_stands_on_the_first_payload():
    long = "word " * 1500
    payloads = shown(long, reply=True).payloads
    assert [payload.quotes for payload in payloads] == [True, False]


def test_a_channel_without_quotations_loses_them_and_says_so():
    assert shown("Hi", capability=PLAIN, reply=True) == Rendered(
        payloads=(Payload(text="Hi"),), losses=(Loss(what="quotation", became="nothing"),)
    )


def test_formatting_is_kept_and_cut_along_with_the_text():
    form = TextPart(text="aaaa bbbb", spans=(Span(kind=SpanKind.BOLD, offset=2, length=6),))
    capability = replaced(RICH, text=TextLimit(most=5))
    assert shown("aaaa bbbb", [form], capability=capability) == Rendered(
        payloads=(
            Payload(text="aaaa", spans=(Span(kind=SpanKind.BOLD, offset=2, length=2),)),
            Payload(text="bbbb", spans=(Span(kind=SpanKind.BOLD, offset=0, length=3),)),
        )
    )


def test_a_link_a_channel_cannot_format_is_spelled_out_and_other_formatting_moves_along():
    form = TextPart(
        text="see docs now, https://a.example",
        spans=(
            Span(kind=SpanKind.LINK, offset=4, length=4, url="https://docs.example"),
            Span(kind=SpanKind.BOLD, offset=0, length=12),
            Span(kind=SpanKind.BOLD, offset=4, length=4),
            Span(kind=SpanKind.CODE, offset=9, length=3),
            Span(kind=SpanKind.LINK, offset=14, length=17, url="https://a.example"),
        ),
    )
    capability = replaced(PLAIN, spans=frozenset({SpanKind.CODE, SpanKind.BOLD}))
    assert shown(form.text, [form], capability=capability) == Rendered(
        payloads=(
            Payload(
                text="see docs (https://docs.example) now, https://a.example",
                spans=(
                    Span(kind=SpanKind.BOLD, offset=0, length=35),
                    Span(kind=SpanKind.BOLD, offset=4, length=4),
                    Span(kind=SpanKind.CODE, offset=32, length=3),
                ),
            ),
        ),
        losses=(Loss(what="link formatting", became="label (url)"),),
    )


def test_a_form_that_says_something_else_than_the_text_is_a_loss():
    assert shown("Hello", [TextPart(text="Bye")]).losses == (Loss(what="plain text", became="its formatted form"),)


def test_a_short_text_is_the_caption():
    assert shown("Look", [photo()]) == Rendered(payloads=(Payload(text="Look", media=(photo(),)),))


def test_a_text_too_long_for_a_caption_goes_first():
    assert shown("Look what I found today", [photo()]) == Rendered(
        payloads=(Payload(text="Look what I found today"), Payload(media=(photo(),)))
    )


def test_a_sticker_carries_no_caption():
    sticker = photo(kind=MediaKind.STICKER)
    assert shown("Hi", [sticker]) == Rendered(payloads=(Payload(text="Hi"), Payload(media=(sticker,))))


def test_files_make_albums_where_their_kinds_may():
    files = [photo(f"p{n}") for n in range(4)]
    document = photo("d", MediaKind.FILE)
    assert shown("Trip", [*files, document, photo("p5")]) == Rendered(
        payloads=(
            Payload(text="Trip", media=tuple(files[:3])),
            Payload(media=(files[3],)),
            Payload(media=(document,)),
            Payload(media=(photo("p5"),)),
        )
    )


def test_files_a_channel_cannot_carry_become_links():
    big = photo("a2", size=5_000, name="plan.jpg")
    assert shown("See", [photo(alt="A cat"), big, photo("gone")], capability=PLAIN) == Rendered(
        payloads=(
            Payload(text="See\nA cat: https://files.example.com/a1\nplan.jpg: https://files.example.com/a2\n[image]"),
        ),
        losses=(
            Loss(what="image a1", became="link"),
            Loss(what="image a2", became="link"),
            Loss(what="image gone", became="its name"),
        ),
    )
    assert shown("See", [big]).payloads == (Payload(text="See\nplan.jpg: https://files.example.com/a2"),)


def test_places_and_contact_cards_go_as_they_are_or_as_lines():
    card = ContactCardPart(name="Bea", organization="Acme", phones=("+447700900111",), emails=("bea@example.com",))
    assert shown("Here", [PLACE, card]) == Rendered(
        payloads=(Payload(text="Here"), Payload(location=PLACE), Payload(contact_card=card))
    )
    assert shown("Here", [PLACE, card], capability=PLAIN) == Rendered(
        payloads=(
            Payload(
                text="Here\nOffice\n1 High St\n51.500000, -0.125000\nBea\nAcme\n+447700900111\nbea@example.com",
            ),
        ),
        losses=(Loss(what="location", became="text"), Loss(what="contact card", became="text")),
    )


def test_buttons_stand_on_the_last_payload():
    assert shown("A question longer than a caption", [photo()], YES_NO).payloads == (
        Payload(text="A question longer than a caption"),
        Payload(media=(photo(),), actions=YES_NO),
    )


def test_buttons_do_not_stand_under_an_album():
    files = (photo("a1"), photo("a2"))
    assert shown("Which?", files, YES_NO).payloads == (
        Payload(media=files),
        Payload(text="Which?", actions=YES_NO),
    )
    assert shown("", files, YES_NO).payloads == (
        Payload(media=files[:1]),
        Payload(media=files[1:], actions=YES_NO),
    )


def test_without_buttons_answers_are_numbered_and_links_spelled_out():
    actions = (
        *YES_NO,
        LinkAction(label="Terms", url="https://example.com/t"),
        CallAction(label="Call", number="+447700900111"),
        ShareLocationAction(label="Where are you?"),
    )
    assert shown("Agreed?", actions=actions, capability=PLAIN) == Rendered(
        payloads=(
            Payload(
                text="Agreed?\nTerms: https://example.com/t\nCall: +447700900111\nWhere are you?\n1. Yes\n2. No",
            ),
        ),
        losses=(
            Loss(what="link button", became="text"),
            Loss(what="call button", became="text"),
            Loss(what="share location button", became="text"),
            Loss(what="2 buttons", became="numbered text"),
        ),
        numbered=YES_NO,
    )


def test_a_form_is_a_button_a_link_to_it_or_a_line():
    form = FormAction(label="Choose", form="1234567890", screen="SIZES", data={"order": "881"})
    elsewhere = FormAction(label="Choose", form="1234567890", url="https://example.com/881")
    link = LinkAction(label="Choose", url="https://example.com/881")
    became_link = Loss(what="form button", became="link")
    has = Capability(
        text=TextLimit(most=160), actions=ActionLimit(types=frozenset({"form"}), most=1, label=TextLimit(most=20))
    )
    assert shown("Which?", actions=(form,), capability=has) == Rendered(
        payloads=(Payload(text="Which?", actions=(form,)),)
    )
    assert shown("Which?", actions=(elsewhere,)) == Rendered(
        payloads=(Payload(text="Which?", actions=(link,)),), losses=(became_link,)
    )
    assert shown("Which?", actions=(elsewhere,), capability=PLAIN) == Rendered(
        payloads=(Payload(text="Which?\nChoose: https://example.com/881"),),
        losses=(became_link, Loss(what="link button", became="text")),
    )
    assert shown("Which?", actions=(form,), capability=PLAIN) == Rendered(
        payloads=(Payload(text="Which?\nChoose"),), losses=(Loss(what="form button", became="text"),)
    )


def test_too_many_answers_are_all_numbered_while_links_stay_buttons():
    answers = tuple(ReplyAction(label=str(n)) for n in range(4))
    link = LinkAction(label="Help", url="https://example.com")
    assert shown("Pick", actions=(*answers, link)) == Rendered(
        payloads=(Payload(text="Pick\n1. 0\n2. 1\n3. 2\n4. 3", actions=(link,)),),
        losses=(Loss(what="4 buttons", became="numbered text"),),
        numbered=answers,
    )


def test_an_answer_whose_value_does_not_fit_is_numbered():
    long = PostbackAction(label="Go", value="v" * 65)
    assert shown("Pick", actions=(long,)).numbered == (long,)


def test_a_long_label_is_shortened_and_its_answer_still_says_it_whole():
    label = "I would like to talk to somebody"
    assert shown("Hi", actions=(ReplyAction(label=label),)) == Rendered(
        payloads=(Payload(text="Hi", actions=(ReplyAction(label="I would like to tal…", value=label),)),),
        losses=(Loss(what=f"label {label!r}", became="'I would like to tal…'"),),
    )


def test_actions_with_nothing_to_stand_under_are_text():
    assert shown(actions=YES_NO) == Rendered(
        payloads=(Payload(text="1. Yes\n2. No"),),
        losses=(Loss(what="2 buttons", became="numbered text"),),
        numbered=YES_NO,
    )


SHIRT = Card(title="Shirt", text="Cotton", image="a1", actions=(PostbackAction(label="Buy", value="shirt"),))
SHOES = Card(title="Shoes", actions=(PostbackAction(label="Buy", value="shoes"),))


def test_each_card_is_a_payload_with_its_picture_and_actions():
    picture = photo()
    assert shown("For you:", [CardsPart(cards=(SHIRT, SHOES)), picture], YES_NO) == Rendered(
        payloads=(
            Payload(text="For you:"),
            Payload(text="Shirt\nCotton", media=(picture,), actions=SHIRT.actions),
            Payload(text="Shoes", actions=(*SHOES.actions, *YES_NO)),
        )
    )


def test_cards_go_together_where_the_channel_shows_cards():
    able, picture = replaced(RICH, cards=True), photo()
    rendered = shown("For you:", [CardsPart(cards=(SHIRT, SHOES)), picture], YES_NO, able)
    assert rendered == Rendered(payloads=(Payload(text="For you:"), Payload(cards=(SHIRT, SHOES), actions=YES_NO)))


def test_a_card_the_channel_cannot_show_whole_is_a_payload_of_its_own():
    for able in (replaced(RICH, cards=True, actions=None), replaced(RICH, cards=True, media=None)):
        plain = replaced(able, cards=False)
        message = ("For you:", [CardsPart(cards=(SHIRT, SHOES))], YES_NO)
        assert shown(*message, able) == shown(*message, plain)


BUTTONS = ActionLimit(types=frozenset({"link"}), most=1, label=TextLimit(most=10))
CARD = CardLimit(title=TextLimit(most=10), text=TextLimit(most=10), actions=BUTTONS, most=2)


def test_cards_have_buttons_of_their_own_and_go_as_many_together_as_the_channel_shows():
    look = LinkAction(label="Look", url="https://shop.example.com")
    cards = tuple(Card(title=f"Cup {n}", actions=(look,)) for n in range(3))
    rendered = render("", (CardsPart(cards=cards),), (), replaced(RICH, cards=True, card=CARD), False, {})
    assert rendered == Rendered(payloads=(Payload(cards=cards[:2]), Payload(cards=cards[2:])))


@pytest.mark.parametrize(
    "card",
    [
        Card(title="A teapot of two litres", text="red"),
        Card(title="Teapot", text="of two litres, red"),
        Card(title="Teapot"),
        Card(title="", text="red"),
        Card(title="Teapot", actions=(ReplyAction(label="Yes"),)),
    ],
)
def test_a_card_that_holds_more_or_less_than_the_channel_shows_goes_as_a_message(card):
    rendered = render("", (CardsPart(cards=(card,)),), (), replaced(RICH, cards=True, card=CARD), False, {})
    assert [payload.cards for payload in rendered.payloads] == [()]
    assert card.title in rendered.payloads[0].text


def test_numbers_run_through_all_cards():
    assert shown("For you:", [CardsPart(cards=(SHIRT, SHOES))], YES_NO, PLAIN) == Rendered(
        payloads=(
            Payload(text="For you:\n1. Yes\n2. No"),
            Payload(text="Shirt\nCotton\nimage: https://files.example.com/a1\n3. Buy"),
            Payload(text="Shoes\n4. Buy"),
        ),
        losses=(
            Loss(what="2 buttons", became="numbered text"),
            Loss(what="image a1", became="link"),
            Loss(what="1 buttons", became="numbered text"),
            Loss(what="1 buttons", became="numbered text"),
        ),
        numbered=(*YES_NO, *SHIRT.actions, *SHOES.actions),
    )


def test_what_is_only_ever_received_is_sent_as_its_text():
    assert shown("", [ChoicePart(value="y", label="Yes"), NativePart(kind="poll")]) == Rendered(
        payloads=(Payload(text="Yes\n[poll]"),),
        losses=(Loss(what="choice", became="text"), Loss(what="native poll", became="text")),
    )
    assert shown("Yes", [ChoicePart(value="y", label="Yes"), NativePart(kind="poll")]).payloads == (
        Payload(text="Yes"),
    )


# --- for any message and any channel --------------------------------------------------------------------------------

KINDS = st.frozensets(st.sampled_from(MediaKind))
CAPABILITIES = st.builds(
    Capability,
    text=limits(),
    spans=st.frozensets(st.sampled_from(SpanKind)),
    media=st.none()
    | st.builds(
        MediaLimit,
        kinds=KINDS,
        most_octets=st.integers(0, 100),
        octets_by_type=st.dictionaries(st.just("image/png"), st.integers(0, 100)),
        caption=st.none() | limits(),
        album=st.integers(1, 4),
        album_kinds=KINDS,
    ),
    actions=st.none()
    | st.builds(
        ActionLimit,
        types=st.frozensets(st.sampled_from(["reply", "postback", "link", "call", "share_location", "form"])),
        most=st.integers(0, 4),
        label=limits(12),
        value=st.none() | limits(12),
    ),
    location=st.booleans(),
    contact_card=st.booleans(),
    cards=st.booleans(),
    choices=st.booleans(),
    replies=st.booleans(),
)
SPANS = st.lists(
    st.builds(
        Span,
        kind=st.sampled_from(SpanKind),
        offset=st.integers(-3, 60),
        length=st.integers(-3, 60),
        url=st.none() | st.just("https://x.example"),
    ),
    max_size=4,
).map(tuple)
FILES = st.builds(
    MediaPart,
    attachment_id=st.sampled_from(["a1", "a2", "a3"]),
    kind=st.sampled_from(MediaKind),
    media_type=st.sampled_from(["image/png", "image/webp"]),
    size=st.none() | st.integers(0, 200),
)
ACTIONS = st.lists(values(Action), max_size=5).map(tuple)
CARDS = st.builds(
    CardsPart,
    cards=st.lists(
        st.builds(
            Card,
            title=st.text(max_size=80),
            text=st.none() | TEXT,
            image=st.none() | st.sampled_from(["a1", "a4"]),
            actions=ACTIONS,
        ),
        max_size=3,
    ).map(tuple),
)
PARTS = st.lists(st.builds(TextPart, text=TEXT, spans=SPANS) | FILES | CARDS | values(Part), max_size=5)
ANY = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def squeezed(text):
    return "".join(text.split())


def respects(payload, capability):
    """Whether the channel can carry the payload as it is."""
    media, buttons = capability.media, capability.actions
    if payload.media:
        assert media is not None
        assert len(payload.media) <= media.album or len(payload.media) == 1
        assert all(file.kind in media.kinds for file in payload.media)
        assert all((file.size or 0) <= media.octets(file.media_type) for file in payload.media)
        assert len(payload.media) == 1 or all(file.kind in media.album_kinds for file in payload.media)
        assert not payload.text or (media.caption is not None and fits(payload.text, media.caption))
    else:
        assert fits(payload.text, capability.text)
    assert payload.location is None or capability.location
    assert payload.contact_card is None or capability.contact_card
    assert not payload.cards or capability.cards
    assert not payload.quotes or capability.replies
    assert payload.text.strip() or payload.media or payload.location or payload.contact_card or payload.cards
    assert all(span.kind in capability.spans for span in payload.spans)
    assert all(
        span.offset >= 0 and span.length > 0 and span.offset + span.length <= len(payload.text)
        for span in payload.spans
    )
    if payload.actions:
        assert buttons is not None
        assert len(payload.actions) <= buttons.most
        assert len(payload.media) <= 1
        for action in payload.actions:
            assert type(action).__struct_config__.tag in buttons.types
            assert fits(action.label, buttons.label)
            if buttons.value is not None and isinstance(action, ReplyAction | PostbackAction):
                assert fits(action.value or action.label, buttons.value)


@ANY
@given(TEXT, PARTS, ACTIONS, CAPABILITIES, st.booleans())
def test_every_payload_is_within_what_the_channel_can_carry(text, parts, actions, capability, reply):
    rendered = render(text, parts, actions, capability, reply, LINKS)
    for payload in rendered.payloads:
        respects(payload, capability)
    assert all(not payload.quotes for payload in rendered.payloads[1:])


@ANY
@given(TEXT, st.lists(FILES | CARDS, max_size=4), ACTIONS, CAPABILITIES)
def test_no_word_no_file_and_no_action_is_lost(text, parts, actions, capability):
    rendered = render(text, parts, actions, capability, False, LINKS)
    shown = [card for payload in rendered.payloads for card in payload.cards]
    said = squeezed("".join([*(payload.text for payload in rendered.payloads), *(card.title for card in shown)]))
    cards = [card for part in parts if isinstance(part, CardsPart) for card in part.cards]
    offered = [*actions, *(action for card in cards for action in card.actions)]
    buttons = [action for payload in rendered.payloads for action in payload.actions]
    buttons += [action for card in shown for action in card.actions]
    assert squeezed(text) in said
    assert all(squeezed(card.title) in said for card in cards)
    sent = {file.attachment_id for payload in rendered.payloads for file in payload.media}
    sent |= {card.image for card in shown}
    for part in parts:
        if isinstance(part, MediaPart):
            lost = Loss(what=f"{part.kind} {part.attachment_id}", became="its name")
            linked = squeezed(LINKS.get(part.attachment_id, "\0"))
            assert part.attachment_id in sent or linked in said or lost in rendered.losses
    spoken = [action for action in offered if not isinstance(action, ReplyAction | PostbackAction)]
    assert len(buttons) + len(rendered.numbered) >= len(offered) - len(spoken)
    texts = sum(squeezed(spelled(action)) in said for action in spoken)
    assert len(buttons) + len(rendered.numbered) + texts >= len(offered)
    for number, action in enumerate(rendered.numbered, 1):
        assert squeezed(f"{number}. {action.label}") in said


@ANY
@given(TEXT, PARTS, ACTIONS, CAPABILITIES, st.booleans())
def test_the_same_message_renders_the_same_again(text, parts, actions, capability, reply):
    once = render(text, parts, actions, capability, reply, LINKS)
    assert render(text, parts, actions, capability, reply, LINKS) == once


@ANY
@given(TEXT)
def test_a_channel_that_can_do_everything_loses_nothing(text):
    generous = replaced(RICH, text=TextLimit(most=100_000))
    rendered = render(text, [PLACE, photo()], YES_NO, generous, True, LINKS)
    assert rendered.losses == ()
    assert rendered.numbered == ()


def test_how_a_message_was_written_is_shown_and_never_sent():
    original = OriginalPart(text="new\n> old", html="<p>new</p>")
    rendered = render("new", [original], (), RICH, False, LINKS)
    assert rendered.payloads == render("new", (), (), RICH, False, LINKS).payloads
    assert rendered.losses == (Loss(what="original", became="nothing"),)
    assert placeholder([original]) == ""
    assert placeholder([original, PLACE]) == placeholder([PLACE])


def test_where_a_message_is_one_payload_the_rest_is_left_out_and_told() -> None:
    single = Capability(text=TextLimit(most=10), single=True)
    cards = CardsPart(cards=(Card(title="A box"), Card(title="A bag")))
    assert render("one two three four", (cards,), (), single, False, {}) == Rendered(
        payloads=(Payload(text="one two"),),
        losses=(Loss(what="all but the first of 4 pieces", became="nothing"),),
    )
    assert render("one", (), (), single, False, {}) == Rendered(payloads=(Payload(text="one"),))
