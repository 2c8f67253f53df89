"""What one item becomes: a function for each kind the language knows. Pure; raises BadPayload."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from connectors.kit.declared import language
from connectors.kit.declared.carrying import reads_files, wordless
from connectors.kit.declared.fields import Reader, Scope, at, named, number, optional, reader
from connectors.kit.declared.functions import text
from connectors.kit.declared.meanings import UNKNOWN, Codes
from connectors.kit.errors import BadPayload
from normalizer.addresses import InvalidAddress, normalise
from normalizer.inbound import (
    Address,
    ConsentChanged,
    Fragment,
    Ignored,
    Inbound,
    Media,
    MessageReceived,
    Peer,
    Person,
    StatusChanged,
)
from normalizer.model import ConsentState, Proof
from normalizer.status import Status

LONGEST_TEXT: Final = 65_536
WORDLESS: Final = "[empty message]"
TEL: Final = "tel"


@dataclass(frozen=True)
class Tables:
    """What a declaration knows by heart."""

    scheme: str
    words: Mapping[str, ConsentState]
    statuses: Mapping[str, Status | None]
    """None: a status that says nothing new."""
    codes: Codes
    fetches: bool = False
    """Files are media, and not links."""


Becomes = Callable[[Scope, datetime], Sequence[Inbound]]


def message(kind: language.Message, tables: Tables) -> Becomes:
    named_by = reader(kind.id, "the id") if kind.id is not None else None
    sender, words = reader(kind.sender, "the sender"), reader(kind.text, "the text")
    time = _time(kind.time)
    files = reads_files(kind.files) if kind.files is not None else None
    pieces = _fragment(kind.parts) if kind.parts is not None else None

    def become(scope: Scope, received_at: datetime) -> Sequence[Inbound]:
        who = peer(sender(scope), tables.scheme)
        found = files(scope.item) if files is not None else ()
        media = found if tables.fetches else ()
        said = _words(words(scope), () if tables.fetches else found) or wordless(media) or WORDLESS
        occurred_at = at(time(scope), received_at)
        told = optional(named_by(scope), "the id") if named_by is not None else None
        name = told or _name_of(who, "\n".join((said, *(file.source for file in media))), occurred_at)
        received = MessageReceived(
            key=f"message:{name}",
            external_id=name,
            peer=who,
            text=said,
            media=media,
            occurred_at=occurred_at,
            fragment=pieces(scope, who) if pieces is not None else None,
        )
        word = said.strip().upper()
        state = tables.words.get(word)
        if state is None:
            return [received]
        consent = ConsentChanged(
            key=f"consent:{name}", peer=who, state=state, source=f"keyword {word}", occurred_at=occurred_at
        )
        return [received, consent]

    return become


def report(kind: language.Report, tables: Tables) -> Becomes:
    named_by, status = reader(kind.id, "the id"), reader(kind.status, "the status")
    token, code, time = _maybe(kind.token, "the token"), _maybe(kind.code, "the code"), _time(kind.time)

    def become(scope: Scope, _: datetime) -> Sequence[Inbound]:
        name, word = named(named_by(scope), "the id"), named(status(scope), "the status")
        key = f"status:{name}:{word}"
        if word not in tables.statuses:
            raise BadPayload("a status we do not know")
        known = tables.statuses[word]
        if known is None:
            return [Ignored(key=key, reason=f"status {word}")]
        told = optional(code(scope), "the code")
        failed = known is Status.FAILED
        meaning = tables.codes.meaning(told) or tables.codes.meaning(word) or UNKNOWN
        changed = StatusChanged(
            key=f"{key}:{told}" if told and failed else key,
            external_id=name,
            token=optional(token(scope), "the token"),
            status=known,
            error_code=meaning.code if failed else None,
            provider_code=told if failed else None,
            occurred_at=_maybe_time(time(scope)),
        )
        return [changed]

    return become


def consent(kind: language.Consent, tables: Tables) -> Becomes:
    sender, time = reader(kind.sender, "the sender"), _time(kind.time)

    def become(scope: Scope, received_at: datetime) -> Sequence[Inbound]:
        who = peer(sender(scope), tables.scheme)
        occurred_at = at(time(scope), received_at)
        # Without a name of its own it is the same word once a day.
        key = f"consent:{who.person.address.value}:{kind.state}:{occurred_at:%Y-%m-%d}"
        return [ConsentChanged(key=key, peer=who, state=kind.state, source="the provider", occurred_at=occurred_at)]

    return become


def passed(kind: language.Passed, _: Tables) -> Becomes:
    named_by = reader(kind.id, "the id")

    def become(scope: Scope, _: datetime) -> Sequence[Inbound]:
        return [Ignored(key=f"ignored:{named(named_by(scope), 'the id')}", reason=kind.reason)]

    return become


KINDS: Final[Mapping[type[language.Kind], Callable[[Any, Tables], Becomes]]] = {
    language.Message: message,
    language.Report: report,
    language.Consent: consent,
    language.Passed: passed,
}
PROMISED: Final[Mapping[type[language.Kind], str]] = {
    language.Message: "message_received",
    language.Report: "status_changed",
    language.Consent: "consent_changed",
}
"""What the capability says of each."""


def peer(value: Any, scheme: str) -> Peer:
    """Whoever wrote. A number is proof of the channel; a short code or a name is whatever its user says.

    Raises BadPayload.
    """
    written = named(value, "the sender")
    try:
        address = normalise(scheme, written)
        proof = Proof.CHANNEL
    except InvalidAddress:
        address, proof = written, Proof.ASSERTED
    return Peer(person=Person(address=Address(scheme=scheme, value=address)), proof=proof)


def _words(value: Any, linked: Sequence[Media]) -> str:
    try:
        said = "" if value is None else text(value)
    except ValueError:
        raise BadPayload("the text is no text") from None
    if len(said) > LONGEST_TEXT:
        raise BadPayload(f"a text of more than {LONGEST_TEXT} characters")
    return "\n".join([*([said] if said.strip() else []), *(f"[file] {file.source}" for file in linked)])


def _name_of(who: Peer, said: str, time: datetime) -> str:
    """A name for a message that has none: the same words of the same person in the same minute are one."""
    told = "\0".join((who.person.address.value, said, f"{time:%Y-%m-%dT%H:%M}"))
    return sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _fragment(parts: language.Parts) -> Callable[[Scope, Peer], Fragment | None]:
    group, order = reader(parts.group, "the group"), reader(parts.order, "the order")
    count = reader(parts.count, "the count")

    def find(scope: Scope, who: Peer) -> Fragment | None:
        name = optional(group(scope), "the group")
        if name is None:
            return None
        whole = f"{who.person.address.value}:{name}"
        return Fragment(group=whole, order=number(order(scope), "order"), count=number(count(scope), "count"))

    return find


def _maybe(spot: language.Spot | None, what: str) -> Reader:
    return reader(spot, what) if spot is not None else lambda _: None


def _time(spot: language.Spot | None) -> Reader:
    return _maybe(spot, "the time")


def _maybe_time(value: Any) -> datetime | None:
    return at(value, value) if value is not None else None
