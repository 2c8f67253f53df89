"""A template is all of the message where the channel has templates; elsewhere its words stand for it."""

from normalizer.capability import ActionLimit, Capability, MediaLimit, TextLimit
from normalizer.model import Loss
from normalizer.offered import offer
from normalizer.parts import LinkAction, MediaKind, MediaPart, Part, PostbackAction, ReplyAction, TemplatePart
from normalizer.payload import Payload, Rendered
from normalizer.placeholder import placeholder
from normalizer.render import render

TEXT = TextLimit(most=160)
KEEPS = Capability(
    text=TEXT, templates=True, media=MediaLimit(kinds=frozenset({MediaKind.IMAGE}), most_octets=1000, caption=TEXT)
)
TEMPLATE = TemplatePart(name="parcel", language="en", body=("881",))
PICTURE = MediaPart(attachment_id="a1", kind=MediaKind.IMAGE, media_type="image/png")
YES = ReplyAction(label="Yes")


def rendered(capability: Capability, text: str, *parts: Part) -> Rendered:
    return render(text, parts, (), capability, False, {})


def test_a_template_goes_by_name_with_the_file_at_its_head() -> None:
    assert rendered(KEEPS, "Parcel 881 left.", TEMPLATE, PICTURE) == Rendered(
        payloads=(Payload(template=TEMPLATE, media=(PICTURE,)),)
    )


def test_what_cannot_stand_beside_a_template_is_a_loss() -> None:
    found = render("", (TEMPLATE, PICTURE, PICTURE), (YES,), KEEPS, False, {})
    assert found.losses == (
        Loss(what="media beside a template", became="nothing"),
        Loss(what="reply beside a template", became="nothing"),
    )


def test_a_channel_without_templates_says_the_words_or_at_least_the_name() -> None:
    plain = Capability(text=TEXT)
    said, named = rendered(plain, "Parcel 881 left.", TEMPLATE), rendered(plain, "", TEMPLATE)
    assert said.payloads == (Payload(text="Parcel 881 left."),)
    assert said.losses == named.losses == (Loss(what="template parcel", became="text"),)
    assert named.payloads == (Payload(text="[template: parcel]"),)
    assert placeholder((TEMPLATE,)) == "[template: parcel]"


def test_a_button_that_stands_alone_is_text_beside_others() -> None:
    limit = ActionLimit(
        types=frozenset({"reply", "postback", "link"}), alone=frozenset({"link"}), most=3, label=TextLimit(most=20)
    )
    link = LinkAction(label="Track", url="https://example.com/881")
    assert offer((link,), limit).buttons == (link,)
    beside = offer((link, YES, PostbackAction(label="No", value="n")), limit)
    assert (len(beside.buttons), beside.lines) == (2, ("Track: https://example.com/881",))


def test_a_text_too_long_to_stand_above_buttons_is_parted_and_they_stand_under_its_end() -> None:
    limit = ActionLimit(types=frozenset({"reply"}), most=3, label=TextLimit(most=20), text=TextLimit(most=12))
    found = render("It left at noon.", (), (YES,), Capability(text=TEXT, actions=limit), False, {})
    assert found.payloads == (Payload(text="It left at "), Payload(text="noon.", actions=(YES,)))
