"""Everything in hand while a batch is recorded, and the one way a message enters a history."""

from collections.abc import Iterable, Sequence

import msgspec

from gateway.arrival import Place
from gateway.ids import new_id
from gateway.record.cases import Case, Cases
from gateway.record.contacts import root_of
from gateway.record.people import SELECT_WAY, Crowd, People, Way, way_of
from gateway.service.waiting import answered
from gateway.store import schema
from gateway.store.transaction import Transaction, listed
from normalizer.belonging import Candidate, Existing, Facts, New, belongs, sharing_key
from normalizer.codec import decoder, encode
from normalizer.events import MessageData, RouteData
from normalizer.inbound import Media
from normalizer.model import ContactRef, ConversationKind, ConversationState, Message
from normalizer.parts import MediaPart

MOST_TEXT = 16 * 1024
"""Octets of text an event carries; the whole stands in the message."""
_message = decoder(Message)


KEY = "message:"
"""A received message whose dedupe key is this and its external id is found by that key, and by no second row."""
_BY_ID = (
    "SELECT e.external_id, e.message_id, m.conversation_id, m.route_id, e.delivery_id FROM external_ids e"
    " JOIN messages m ON m.id = e.message_id"
    " WHERE e.connector_id = ? AND e.external_id IN (SELECT value FROM json_each(?))"
)
_BY_KEY = (
    "SELECT a.key, a.message_id, m.conversation_id, m.route_id, NULL FROM arrivals a"
    " JOIN messages m ON m.id = a.message_id"
    " WHERE a.connector_id = ? AND a.key IN (SELECT value FROM json_each(?))"
)


class Known(msgspec.Struct, frozen=True):
    """A message found by the provider's id."""

    message_id: str
    conversation_id: str
    route_id: str | None
    delivery_id: str | None


class Thread(msgspec.Struct, frozen=True):
    """A conversation that a message of ours stands in, which a sender's message points to."""

    conversation_id: str
    identity_id: str
    """Whose route ours left on."""


class Desk:
    def __init__(self, transaction: Transaction) -> None:
        self.transaction = transaction
        self.cases = Cases(transaction)
        self.crowd = Crowd(transaction)
        self.reports_wait = False
        """Whether a message recorded now may have reports that came before it."""
        self._external: dict[tuple[str, str], Known] = {}
        self._messages: dict[str, Message] = {}

    def find(self, place: Place, external_ids: Sequence[str]) -> list[Known]:
        """Prefetches the messages that go by these ids at the provider; what we sent goes before an echo of it."""
        found = []
        for sql, names in ((_BY_KEY, [KEY + name for name in external_ids]), (_BY_ID, external_ids)):
            for name, *known in self.transaction.rows(sql, place.connector_id, listed(names)):
                one = self._external[place.connector_id, name.removeprefix(KEY)] = Known(*known)
                found.append(one)
        return found

    def learn(self, place: Place, external_id: str, known: Known) -> None:
        """A message has an id at the provider from now on."""
        self._external[place.connector_id, external_id] = known

    def known(self, place: Place, external_id: str | None) -> Known | None:
        """What `find` or `learn` brought."""
        return None if external_id is None else self._external.get((place.connector_id, external_id))

    def load(self, message_ids: Iterable[str]) -> None:
        """Prefetches messages in one statement."""
        missing = {id_ for id_ in message_ids if id_ not in self._messages}
        sql = "SELECT id, body FROM messages WHERE id IN (SELECT value FROM json_each(?))"
        for id_, body in self.transaction.rows(sql, listed(missing)) if missing else ():
            self._messages[id_] = _message.decode(body)

    def message(self, message_id: str) -> Message:
        """A message as it stands now, in this transaction too. Raises KeyError for an id that is no message's."""
        if message_id not in self._messages:
            row = self.transaction.row("SELECT body FROM messages WHERE id = ?", message_id)
            if row is None:
                raise KeyError(message_id)
            self._messages[message_id] = _message.decode(row[0])
        return self._messages[message_id]

    def rewrite(self, message: Message) -> bytes:
        """Puts a message in the place of the one that goes by its id; its stored form."""
        body = encode(message)
        self._messages[message.id] = message
        self.transaction.change("UPDATE message_heads SET body = ? WHERE id = ?", body, message.id)
        return body

    def name(self, message_id: str, external_ids: Sequence[str], *, write: bool) -> None:
        """A message goes by these ids too. `write` where they do not stand in its delivery, or not in their order."""
        if not write and message_id not in self._messages:
            return
        message = self.message(message_id)
        together = tuple(dict.fromkeys((*message.external_ids, *external_ids)))
        if together != message.external_ids:
            named = self._messages[message_id] = msgspec.structs.replace(message, external_ids=together)
            if write:
                self.rewrite(named)

    def way(self, route_id: str | None) -> Way | None:
        """A route by id, for the event of a change to its message."""
        row = self.transaction.row(f"{SELECT_WAY} WHERE r.id = ?", route_id) if route_id else None
        return way_of(row) if row else None

    def case_of(
        self,
        place: Place,
        people: People,
        way: Way,
        new: bool,
        quoted: Known | None,
        thread: Thread | None = None,
        subject: str | None = None,
    ) -> Case:
        """The conversation this route's next message belongs to; opened or reopened where the rules say so.

        `subject` becomes that of a conversation opened for it.
        """
        current = self.cases.get(way.conversation_id) if way.conversation_id else None
        if current is not None and quoted is None and thread is None and current.state == ConversationState.OPEN:
            return current  # the rules would say the same, and this is nearly every message
        case = self._decide(place, way, current, quoted, thread, subject)
        if way.conversation_id != case.id:
            people.move(way, case.id)
        if new:
            people.add(way)
            route = RouteData(route=way.model())
            self.cases.emit(case, "route.added", route, way.id, self.cases.advance(case), place)
        return case

    def _decide(
        self,
        place: Place,
        way: Way,
        current: Case | None,
        quoted: Known | None,
        thread: Thread | None,
        subject: str | None,
    ) -> Case:
        kind, inbox = ConversationKind(way.kind), place.inbox
        key = sharing_key(inbox.sharing, kind, inbox.id, way.contact.id, way.identity_id, way.id)
        quote = self._pointed(quoted.conversation_id, way) if quoted else None
        threaded = self._pointed(thread.conversation_id, way) if thread else None
        current = current and self._pointed(current.id, way)
        facts = Facts(
            sharing=inbox.sharing,
            kind=kind,
            reopen_within=inbox.reopen_within,
            thread=_candidate(threaded, thread is not None and thread.identity_id == way.identity_id),
            quoted=_candidate(quote, quoted is not None and quoted.route_id == way.id),
            current=_candidate(current, True),
            shared=_candidate(None if _is_open(current) else self.cases.shared(key), True),
        )
        match belongs(facts, self.transaction.now):
            case Existing(conversation_id=conversation_id, reopens=reopens, why=why):
                case = self.cases.get(conversation_id)
                return self._reopen(case, way, key, why) if reopens else case
            case New(why=why):
                contact_id = None if kind is ConversationKind.GROUP else way.contact.id
                return self.cases.open(place, kind, key, contact_id, why, subject)

    def _pointed(self, conversation_id: str, way: Way) -> Case | None:
        """The conversation something points to, as it stands; None where it is of somebody else by now."""
        case = self.cases.standing(conversation_id)
        if case.contact_id in (None, way.contact.id) or way.kind == ConversationKind.GROUP:
            return case
        return case if root_of(self.transaction, case.contact_id or "") == way.contact.id else None

    def _reopen(self, case: Case, way: Way, key: str, why: str) -> Case:
        """Opens a case again, unless another is open in its place: an inbox, or a contact, changed since."""
        moved = case.contact_id not in (None, way.contact.id)
        other = self.cases.shared(key if moved else case.sharing_key)
        if other is not None and other is not case:
            return other
        if moved:
            self.cases.rekey(case, way.contact.id, key)
        if case.state != ConversationState.OPEN:
            self.cases.change(case, why, state=ConversationState.OPEN, closed_at=None)
        return case

    def append(
        self,
        case: Case,
        message: Message,
        type_: str,
        *,
        place: Place | None,
        way: Way | None,
        contact: ContactRef | None,
        key: str | None = None,
    ) -> None:
        """Writes a message and the event that creates it. `key` is the dedupe key it came under."""
        transaction = self.transaction
        body = encode(message)
        self._messages[message.id] = message
        data = message_data(message, body, way, contact)
        position = self.cases.emit(case, type_, data, message.id, message.sequence, place)
        kept = None if isinstance(data, dict) else body  # unless the event has all of it
        transaction.insert(schema.message_heads, message.id, case.id, message.route_id, position, kept)
        if place:
            for external_id in message.external_ids:
                if key != KEY + external_id:
                    transaction.insert(schema.external_ids, place.connector_id, external_id, message.id, None)
                self.learn(place, external_id, Known(message.id, case.id, message.route_id, None))
        if case.reply_due_at is not None:
            answered(self, place, case, message)

    def attach(self, place: Place, message_id: str, media: Sequence[Media]) -> tuple[MediaPart, ...]:
        """Files to fetch after the commit, as the parts that stand for them."""
        parts = []
        for file in media:
            part = MediaPart(
                attachment_id=new_id(),
                kind=file.kind,
                media_type=file.media_type,
                name=file.name,
                size=file.size,
                alt=file.alt,
                duration=file.duration,
            )
            self.transaction.insert(
                schema.attachments,
                part.attachment_id,
                message_id,
                place.connector_id,
                file.source,
                "pending",
                None,
                file.media_type,
                file.size,
                file.name,
                None,
                0,
                self.transaction.now_us,
                self.transaction.now_us,
            )
            self.transaction.wake("media", place.connector_id)
            parts.append(part)
        return tuple(parts)

    def save(self) -> None:
        self.cases.save()
        self.crowd.save()


def message_data(
    message: Message, body: bytes, way: Way | None, contact: ContactRef | None
) -> MessageData | dict[str, object]:
    """The data of an event about a message; its text cut where the envelope would grow past its bound."""
    route = way.model() if way else None
    if len(body) <= MOST_TEXT:
        return {"message": msgspec.Raw(body), "route": route, "contact": contact, "truncated": False}
    short = msgspec.structs.replace(message, text=cut(message.text, MOST_TEXT))
    if len(encode(short)) > 2 * MOST_TEXT:
        short = msgspec.structs.replace(short, parts=(), actions=())
    return MessageData(message=short, route=route, contact=contact, truncated=short != message)


def cut(text: str, octets: int) -> str:
    """The beginning of a text that fits in so many octets of UTF-8."""
    return text.encode()[:octets].decode(errors="ignore")


def _is_open(case: Case | None) -> bool:
    return case is not None and case.state != ConversationState.CLOSED


def _candidate(case: Case | None, by_route_identity: bool) -> Candidate | None:
    if case is None:
        return None
    return Candidate(
        conversation_id=case.id,
        state=ConversationState(case.state),
        closed_at=case.model().closed_at if case.closed_at else None,
        by_route_identity=by_route_identity,
    )
