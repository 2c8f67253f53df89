"""pywa signs, reads and words the same by its own classes; both must say the same."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest
from pywa import WhatsApp, utils
from pywa.types import (
    Button,
    CallbackButton,
    CallbackSelection,
    DeletedMessage,
    EditedMessage,
    FlowActionType,
    FlowButton,
    FlowCompletion,
    Message,
    MessageStatus,
    OutgoingMessage,
    PhoneNumberChange,
    RawUpdate,
    Section,
    SectionList,
    SectionRow,
    URLButton,
    UserMarketingPreferences,
)
from whatsapp_number import FIXTURES, SECRETS, SETTINGS

from connectors.families.meta.signature import HEADER
from connectors.kit.fixtures import InboundCase, read_fixtures
from normalizer.inbound import (
    ConsentChanged,
    IdentityMoved,
    Inbound,
    MessageEdited,
    MessageReceived,
    MessageRedacted,
    ReactionChanged,
    StatusChanged,
)
from normalizer.model import ConsentState
from normalizer.parts import ChoicePart, LocationPart
from normalizer.status import Status

FOUND = read_fixtures(FIXTURES)
CASES = {case.name: case for case in FOUND.inbound}
WIRE = {case.name: json.loads(case.wire[-1].body) for case in FOUND.outbound}
TOKEN = "0199aa51-7c00-7d11-8a22-3b44c55d66e7.1"
LINK = "https://hub.example.com/v1/attachments/a1?signature=x"
STATUSES = {"sent": Status.ACCEPTED, "delivered": Status.DELIVERED, "read": Status.READ, "failed": Status.FAILED}


def client(asked: list[dict[str, Any]] | None = None) -> WhatsApp:
    """pywa with a transport that keeps what it would send."""

    def keep(request: httpx.Request) -> httpx.Response:
        if asked is not None:
            asked.append(json.loads(request.content))
        told = {"contacts": [{"input": "1", "wa_id": "1", "user_id": "GB.1"}], "messages": [{"id": "wamid.1"}]}
        return httpx.Response(200, json={**told, "success": True})

    session = httpx.Client(transport=httpx.MockTransport(keep), base_url="https://graph.facebook.com/v25.0")
    return WhatsApp(phone_id=SETTINGS["phone_number_id"], token=SECRETS["access_token"], session=session)


def update(case: InboundCase) -> RawUpdate:
    """Their reading wants an id of every contact, which came with usernames only; what was before gets one."""
    tree = json.loads(case.request.body)
    for change in tree["entry"][0]["changes"]:
        value = change["value"]
        value.setdefault("contacts", [{"profile": {"name": "Ana"}, "wa_id": "447700900222"}])
        for contact in value["contacts"]:
            contact.setdefault("user_id", "GB.0")
    return RawUpdate(json.dumps(tree).encode(), hmac_header=None, update_hash="x")


def ours(name: str, kind: type[Any]) -> Any:
    return next(item for item in CASES[name].expected if isinstance(item, kind))


@pytest.mark.parametrize("case", [case for case in FOUND.inbound if case.request.method == "POST"], ids=str)
def test_the_signature_is_genuine(case: InboundCase) -> None:
    body, presented = case.request.body, case.request.headers[HEADER]
    assert utils.webhook_updates_validator(SECRETS["app_secret"], body, presented)
    assert not utils.webhook_updates_validator(SECRETS["app_secret"], body + b" ", presented)


@pytest.mark.parametrize(
    "name",
    ["text", "text_quoting", "text_without_a_number", "image", "image_without_words", "video", "audio", "voice",
     "document", "sticker", "location", "contacts", "order", "text_in_a_group"],
)  # fmt: skip
def test_a_message_reads_the_same(name: str) -> None:
    theirs, item = Message.from_update(client(), update(CASES[name])), ours(name, MessageReceived)
    assert (item.external_id, item.occurred_at) == (theirs.id, theirs.timestamp)
    assert (item.author or item.peer.person).name == theirs.from_user.name
    assert item.reply_to == (theirs.reply_to_message.id if theirs.reply_to_message else None)
    words = theirs.text or theirs.caption
    assert item.text == words or (words is None and item.text.startswith("["))
    held = [(f"media:{theirs.media.id}", theirs.media.mime_type.partition(";")[0])] if theirs.media else []
    assert [(media.source, media.media_type) for media in item.media] == held
    if theirs.location:
        (place,) = (part for part in item.parts if isinstance(part, LocationPart))
        assert (place.latitude, place.longitude) == (theirs.location.latitude, theirs.location.longitude)


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        ("button", CallbackButton, lambda theirs: (theirs.data, theirs.title)),
        ("button_of_a_template", CallbackButton, lambda theirs: (theirs.data, theirs.title)),
        ("row_of_a_list", CallbackSelection, lambda theirs: (theirs.data, theirs.title)),
    ],
)
def test_a_choice_is_the_same(name: str, kind: Any, value: Callable[[Any], tuple[str, str]]) -> None:
    (part,) = ours(name, MessageReceived).parts
    assert isinstance(part, ChoicePart)
    assert (part.value, part.label) == value(kind.from_update(client(), update(CASES[name])))


def test_a_form_has_the_same_answers() -> None:
    (part,) = ours("form", MessageReceived).parts
    theirs = FlowCompletion.from_update(client(), update(CASES["form"]))
    assert part.data["response"] == {"flow_token": theirs.token, **theirs.response}


@pytest.mark.parametrize("name", ["status_sent", "status_delivered", "status_read", "status_failed"])
def test_a_report_says_the_same(name: str) -> None:
    theirs, item = MessageStatus.from_update(client(), update(CASES[name])), ours(name, StatusChanged)
    assert (item.external_id, item.token, item.status) == (theirs.id, theirs.tracker, STATUSES[theirs.status.value])
    assert item.provider_code == (str(theirs.error.code) if theirs.error else None)


def test_what_happens_to_messages_afterwards_is_the_same() -> None:
    edited = EditedMessage.from_update(client(), update(CASES["edited"]))
    item: Inbound = ours("edited", MessageEdited)
    assert isinstance(item, MessageEdited)
    assert (item.external_id, item.text) == (edited.original_message_id, edited.message.text)
    revoked = DeletedMessage.from_update(client(), update(CASES["revoked"]))
    assert ours("revoked", MessageRedacted).external_id == revoked.original_message_id
    reacted = Message.from_update(client(), update(CASES["reaction"]))
    reaction = ours("reaction", ReactionChanged)
    assert (reaction.external_id, reaction.added) == (reacted.reaction.message_id, (reacted.reaction.emoji,))
    echo = OutgoingMessage.from_update(client(), update(CASES["echo_of_the_app"]))
    written = ours("echo_of_the_app", MessageReceived)
    assert (written.from_us, written.text, written.external_id) == (True, echo.text, echo.id)


def test_who_moved_and_who_said_stop_is_the_same() -> None:
    moved = PhoneNumberChange.from_update(client(), update(CASES["number_changed"]))
    item = ours("number_changed", IdentityMoved)
    assert (item.before.value, item.after.value) == (f"+{moved.old_wa_id}", f"+{moved.new_wa_id}")
    preference = UserMarketingPreferences.from_update(client(), update(CASES["preference_stop"]))
    said = ours("preference_stop", ConsentChanged)
    assert (said.state is ConsentState.OPTED_IN, said.occurred_at) == (bool(preference), preference.timestamp)


def rows_of(count: int) -> SectionList:
    rows = [SectionRow(title=f"Parcel {n}", callback_data=f"Parcel {n}") for n in range(count)]
    return SectionList(button_title="Options", sections=[Section(title="x", rows=rows)])


SENDS: Mapping[str, Callable[[WhatsApp], Any]] = {
    "a_text": lambda wa: wa.send_message("447700900222", "It left.", tracker=TOKEN),
    "text_to_an_id": lambda wa: wa.send_message("US.1234", "It left.", tracker=TOKEN),
    "text_quoting": lambda wa: wa.send_message(
        "447700900222", "It left.", reply_to_message_id="wamid.HBgM0001", tracker=TOKEN
    ),
    "image": lambda wa: wa.send_image("447700900222", LINK, caption="See", tracker=TOKEN),
    "video": lambda wa: wa.send_video("447700900222", LINK, tracker=TOKEN),
    "audio": lambda wa: wa.send_audio("447700900222", LINK, tracker=TOKEN),
    "sticker": lambda wa: wa.send_sticker("447700900222", LINK, tracker=TOKEN),
    "file": lambda wa: wa.send_document("447700900222", LINK, filename="bill.pdf", tracker=TOKEN),
    "location": lambda wa: wa.send_location("447700900222", 51.5, -0.125, name="Office", tracker=TOKEN),
    "buttons": lambda wa: wa.send_message(
        "447700900222",
        "Your parcel?",
        buttons=[
            Button(title="Where is it?", callback_data="parcel:where"),
            Button(title="Cancel", callback_data="parcel:cancel"),
            Button(title="Thanks", callback_data="Thanks"),
        ],
        tracker=TOKEN,
    ),
    "list": lambda wa: wa.send_message("447700900222", "Which one?", buttons=rows_of(4), tracker=TOKEN),
    "link": lambda wa: wa.send_message(
        "447700900222", "It left.", buttons=URLButton(title="Track", url="https://example.com/881"), tracker=TOKEN
    ),
    "form": lambda wa: wa.send_message(
        "447700900222",
        "Which box do you want?",
        buttons=FlowButton(
            title="Choose",
            flow_id="1234567890",
            flow_token=TOKEN,
            flow_message_version=3,
            flow_action_type=FlowActionType.NAVIGATE,
            flow_action_screen="SIZES",
            flow_action_payload={"order": "881"},
        ),
        tracker=TOKEN,
    ),
    "location_request": lambda wa: wa.request_location("447700900222", "Where are you?", tracker=TOKEN),
    "reaction": lambda wa: wa.send_reaction("447700900222", "👍", "wamid.HBgM0001"),
    "typing": lambda wa: wa.indicate_typing("wamid.HBgM0001"),
}


@pytest.mark.parametrize("name", sorted(SENDS))
def test_a_message_is_worded_the_same(name: str) -> None:
    asked: list[dict[str, Any]] = []
    SENDS[name](client(asked))
    if name == "list":  # a single section needs no title
        del asked[-1]["interactive"]["action"]["sections"][0]["title"]
    assert plain(asked[-1]) == plain(WIRE[name])


def plain(tree: Any) -> Any:
    """Without what says nothing."""
    if isinstance(tree, dict):
        kept = {name: plain(value) for name, value in tree.items() if value is not None}
        return {name: value for name, value in kept.items() if name != "preview_url"}
    return [plain(one) for one in tree] if isinstance(tree, list) else tree
