"""Two contacts turn out to be one person: who stays, what they take over, and how that is undone.

The younger becomes a pointer to the older. Pointers make a forest: whatever the order of merges, all who are one person
point to the oldest of them. An identity belongs to whom its home's pointers lead to, so taking a pointer away gives
everything back.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import msgspec

from normalizer.model import Consent, Contact, Identity, Value

FIRST = ("external_id", "name", "locale", "timezone", "organization")
"""Of these the older's word stands, where it has one."""
UNIONS = ("tags", "preferred_channels")


class Apart(StrEnum):
    """Why two contacts must not become one."""

    ERASED = "one of them was erased"
    PARTED = "an operator took them apart before"
    TWO_USERS = "the app knows them as two different users"


class Held(Value, frozen=True, kw_only=True):
    """An identity and whom it belongs to."""

    identity: Identity
    home_id: str | None = None
    """Whom a merge took it from; None: it is where it came from."""

    @property
    def home(self) -> str:
        return self.home_id or self.identity.contact_id


class Open(Value, frozen=True, kw_only=True):
    """A conversation that is not closed."""

    id: str
    number: int
    sharing_key: str


def elder(one: str, other: str) -> tuple[str, str]:
    """Of two contacts the one that stays, then the one that becomes a pointer. Ids are UUIDv7: the older is smaller."""
    return (one, other) if one < other else (other, one)


def against(one: Contact, other: Contact, *, vouched: bool, parted: bool) -> Apart | None:
    """Why two contacts must not become one; None where they may.

    `vouched`: an operator says so, which outweighs what the app or an earlier operator said. `parted`: they were one
    before, and somebody undid it.
    """
    if one.erased_at or other.erased_at:
        return Apart.ERASED
    if vouched:
        return None
    if parted:
        return Apart.PARTED
    if None not in (one.external_id, other.external_id) and one.external_id != other.external_id:
        return Apart.TWO_USERS
    return None


def taken(held: Iterable[Held], stays: str) -> tuple[Held, ...]:
    """The identities of a contact that becomes a pointer, as they stand afterwards."""
    return tuple(
        Held(identity=msgspec.structs.replace(one.identity, contact_id=stays), home_id=one.home) for one in held
    )


def returned(held: Iterable[Held], pointers: Mapping[str, str], leaves: str) -> tuple[Held, ...]:
    """Of a contact's identities those that go with one that points to it no longer, as they stand afterwards.

    `pointers` are those that lead to the contact, child to parent.
    """
    with_it = below(pointers, leaves)
    return tuple(
        Held(
            identity=msgspec.structs.replace(one.identity, contact_id=leaves),
            home_id=None if one.home == leaves else one.home,
        )
        for one in held
        if one.home in with_it
    )


def below(pointers: Mapping[str, str], contact_id: str) -> frozenset[str]:
    """A contact and all that lead to it."""
    found, frontier = {contact_id}, {contact_id}
    while frontier:
        frontier = {child for child, parent in pointers.items() if parent in frontier} - found
        found |= frontier
    return frozenset(found)


def united(older: Contact, younger: Contact) -> Contact:
    """What is known of the person: the older's word where both have one, and everybody's wishes."""
    firsts = {name: getattr(older, name) or getattr(younger, name) for name in FIRST}
    unions = {name: tuple(dict.fromkeys((*getattr(older, name), *getattr(younger, name)))) for name in UNIONS}
    return msgspec.structs.replace(
        older,
        **firsts,
        **unions,
        attributes={**younger.attributes, **older.attributes},
        vip=older.vip or younger.vip,
        consent=_newest((*older.consent, *younger.consent)),
    )


def divided(now: Contact, before: Contact, after: Contact) -> Contact:
    """The contact that stayed, without what a merge had brought it; what was changed since stands.

    `before` and `after` are the contact around that merge.
    """
    singles = {name: _undone(name, now, before, after) for name in (*FIRST, "vip")}
    came = {name: set(getattr(after, name)) - set(getattr(before, name)) for name in UNIONS}
    unions = {name: tuple(word for word in getattr(now, name) if word not in came[name]) for name in UNIONS}
    attributes = {
        name: value
        for name, value in now.attributes.items()
        if name in before.attributes or after.attributes.get(name) != value
    }
    return msgspec.structs.replace(now, **singles, **unions, attributes=attributes, consent=_own(now, before, after))


def together(conversations: Iterable[Open]) -> tuple[tuple[Open, tuple[Open, ...]], ...]:
    """Of conversations that want the same place the oldest, each with those that become part of it."""
    places: dict[str, list[Open]] = {}
    for one in sorted(conversations, key=lambda one: one.number):
        places.setdefault(one.sharing_key, []).append(one)
    return tuple((first, tuple(rest)) for first, *rest in places.values())


def _undone(name: str, now: Contact, before: Contact, after: Contact) -> object:
    came = getattr(after, name) != getattr(before, name) and getattr(now, name) == getattr(after, name)
    return getattr(before if came else now, name)


def _newest(words: Sequence[Consent]) -> tuple[Consent, ...]:
    """The newest word per channel and purpose; of two of one moment the first."""
    newest: dict[tuple[str, object], Consent] = {}
    for word in words:
        place = (word.channel, word.purpose)
        if place not in newest or word.at > newest[place].at:
            newest[place] = word
    return tuple(newest.values())


def _own(now: Contact, before: Contact, after: Contact) -> tuple[Consent, ...]:
    came = [word for word in after.consent if word not in before.consent]
    former = {(word.channel, word.purpose): word for word in before.consent}
    kept = ((former.get((word.channel, word.purpose)) if word in came else word) for word in now.consent)
    return tuple(word for word in kept if word is not None)
