"""python-telegram-bot reads the same updates by its own classes; both must say the same."""

import json
from datetime import UTC
from typing import Any

import pytest
from telegram import Message, MessageEntity, ReactionTypeCustomEmoji, ReactionTypeEmoji, Update
from telegram_bot import FIXTURES

from connectors.channels.telegram.spans import KINDS
from connectors.kit.fixtures import InboundCase, read_fixtures
from normalizer.inbound import (
    ConsentChanged,
    IdentityMoved,
    Ignored,
    MessageEdited,
    MessageReceived,
    MessageRedacted,
    ReactionChanged,
    Unreadable,
)
from normalizer.model import ConsentState
from normalizer.parts import ChoicePart, ContactCardPart, LocationPart, TextPart

CASES = read_fixtures(FIXTURES).inbound
UNREADABLE = ("malformed_message",)


def theirs(case: InboundCase) -> Update:
    return Update.de_json(json.loads(case.request.body), None)


def cases(*kinds: type) -> list[Any]:
    return [pytest.param(case, id=case.name) for case in CASES if isinstance(case.expected[0], kinds)]


def written(update: Update) -> Message:
    """The message an update carries, in whichever field."""
    message = update.message or update.business_message or update.edited_message or update.edited_business_message
    assert message is not None
    return message


def named(message: Message) -> str:
    after = f":{message.business_connection_id}" if message.business_connection_id else ""
    return f"{message.message_id}:{message.chat.id}{after}"


def covered(words: str, entities: dict[MessageEntity, str]) -> list[tuple[str, str]]:
    return [(KINDS[entity.type], part) for entity, part in entities.items() if entity.type in KINDS]


def files(message: Message) -> list[str]:
    held = message.effective_attachment
    if isinstance(held, (list, tuple)):
        return [held[-1].file_id]
    return [held.file_id] if hasattr(held, "file_id") else []


@pytest.mark.parametrize("case", cases(MessageReceived, MessageEdited))
def test_text_files_and_formatting_are_read_alike(case: InboundCase) -> None:
    (ours,) = case.expected
    if ours.external_id.startswith("callback:"):
        return
    message = written(theirs(case))
    said = message.text if message.text is not None else message.caption
    assert ours.external_id == named(message)
    assert isinstance(ours, MessageEdited) or ours.key == f"message:{ours.external_id}"
    assert said is None or ours.text == said
    assert ours.media is None or [media.source for media in ours.media] == files(message)
    form = next((part for part in ours.parts if isinstance(part, TextPart)), None)
    marked = [] if form is None else [(span.kind, form.text[span.offset :][: span.length]) for span in form.spans]
    entities = message.parse_entities() if message.text is not None else message.parse_caption_entities()
    assert marked == covered(ours.text, entities)


@pytest.mark.parametrize("case", cases(MessageReceived))
def test_chat_sender_thread_and_time_are_read_alike(case: InboundCase) -> None:
    (ours,) = case.expected
    update = theirs(case)
    if update.callback_query is not None:
        return
    message = written(update)
    assert ours.peer.person.address.value == str(message.chat.id)
    assert (ours.peer.kind == "group") == (message.chat.type != "private")
    assert ours.occurred_at == message.date.astimezone(UTC)
    assert ours.author is None or ours.author.address.value in (
        str(message.from_user.id),
        str(message.sender_chat.id if message.sender_chat else None),
    )
    assert ours.author is not None or message.from_user.id == message.chat.id or message.sender_chat == message.chat
    quoted = message.reply_to_message
    opens_topic = quoted is not None and quoted.forum_topic_created is not None
    assert (ours.reply_to is None) == (quoted is None or opens_topic)
    place = named(message).partition(":")[2]
    assert ours.reply_to is None or ours.reply_to == f"{quoted.message_id}:{place}"
    assert (ours.fragment is None) == (message.media_group_id is None)


@pytest.mark.parametrize("case", cases(MessageReceived))
def test_places_and_contacts_are_read_alike(case: InboundCase) -> None:
    (ours,) = case.expected
    update = theirs(case)
    message = update.message
    for part in ours.parts:
        if isinstance(part, LocationPart):
            assert (part.latitude, part.longitude) == (message.location.latitude, message.location.longitude)
            assert part.name == (message.venue.title if message.venue else None)
        if isinstance(part, ContactCardPart):
            assert part.phones == (f"+{message.contact.phone_number}",)
        if isinstance(part, ChoicePart):
            assert part.value == update.callback_query.data
            assert ours.external_id == f"callback:{update.callback_query.id}"
            assert ours.peer.person.address.value == str(update.effective_chat.id)


@pytest.mark.parametrize("case", cases(ReactionChanged))
def test_reactions_are_read_alike(case: InboundCase) -> None:
    (ours,) = case.expected
    changed = theirs(case).message_reaction

    def words(reactions: Any) -> set[str]:
        return {
            one.emoji
            if isinstance(one, ReactionTypeEmoji)
            else one.custom_emoji_id
            if isinstance(one, ReactionTypeCustomEmoji)
            else one.type
            for one in reactions
        }

    before, after = words(changed.old_reaction), words(changed.new_reaction)
    assert (set(ours.added), set(ours.removed)) == (after - before, before - after)
    assert ours.external_id == f"{changed.message_id}:{changed.chat.id}"
    assert ours.author.address.value == str((changed.user or changed.actor_chat).id)


@pytest.mark.parametrize("case", cases(ConsentChanged))
def test_blocks_are_read_alike(case: InboundCase) -> None:
    (ours,) = case.expected
    changed = theirs(case).my_chat_member
    out = changed.new_chat_member.status in ("kicked", "left")
    assert ours.state is (ConsentState.OPTED_OUT if out else ConsentState.OPTED_IN)
    assert ours.peer.person.address.value == str(changed.chat.id)
    assert ours.occurred_at == changed.date.astimezone(UTC)


@pytest.mark.parametrize("case", cases(IdentityMoved, MessageRedacted))
def test_moves_and_deletions_are_read_alike(case: InboundCase) -> None:
    update = theirs(case)
    if update.message is not None:
        (ours,) = case.expected
        here, message = str(update.message.chat.id), update.message
        assert ours.before.value == str(message.migrate_from_chat_id or here)
        assert ours.after.value == str(message.migrate_to_chat_id or here)
        return
    deleted = update.deleted_business_messages
    assert [item.external_id.split(":") for item in case.expected] == [
        [str(number), str(deleted.chat.id), deleted.business_connection_id] for number in deleted.message_ids
    ]


def test_both_number_every_update_alike() -> None:
    for case in CASES:
        number = json.loads(case.request.body)["update_id"]
        for item in case.expected:
            if isinstance(item, (Ignored, Unreadable)):
                assert item.key == f"update:{number}"
        if case.name not in UNREADABLE:
            assert theirs(case).update_id == number


def test_every_kind_python_telegram_bot_knows_is_understood_or_said() -> None:
    from connectors.channels.telegram.kinds import IGNORED
    from connectors.channels.telegram.parse import READERS

    assert set(Update.ALL_TYPES) == READERS.keys() | IGNORED.keys()
