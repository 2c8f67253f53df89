"""Contacts that become one, whatever the order, and two again, as if nothing had been."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.merging import Held, Open, against, below, divided, elder, returned, taken, together, united
from normalizer.model import Consent, ConsentState, Contact, Identity, Proof, Purpose

AT = datetime(2026, 11, 22, tzinfo=UTC)
CONTACTS = [f"c{n}" for n in range(6)]
pairs = st.lists(st.tuples(st.sampled_from(CONTACTS), st.sampled_from(CONTACTS)), max_size=12)


class World:
    """Six contacts with an identity each, merged and unmerged as the store does it, by nothing but the rules."""

    def __init__(self):
        self.pointers = {}
        self.held = [Held(identity=identity(f"i{n}", contact)) for n, contact in enumerate(CONTACTS)]

    def root(self, contact):
        while contact in self.pointers:
            contact = self.pointers[contact]
        return contact

    def of(self, contact):
        return [one for one in self.held if one.identity.contact_id == contact]

    def put(self, changed):
        by_id = {one.identity.id: one for one in changed}
        self.held = [by_id.get(one.identity.id, one) for one in self.held]

    def merge(self, one, other):
        stays, goes = elder(self.root(one), self.root(other))
        if stays != goes:
            self.put(taken(self.of(goes), stays))
            self.pointers[goes] = stays

    def unmerge(self, contact):
        if contact in self.pointers:
            back = returned(self.of(self.root(contact)), self.pointers, contact)
            del self.pointers[contact]
            self.put(back)

    def owners(self):
        return {one.identity.id: one.identity.contact_id for one in self.held}


def identity(id_, contact):
    return Identity(id=id_, contact_id=contact, scheme="tel", value=id_, scope="*", proof=Proof.CHANNEL)


def merged(wanted):
    world = World()
    for one, other in wanted:
        world.merge(one, other)
    return world


@given(pairs, st.randoms())
def test_whatever_the_order_of_merges_the_same_people_have_the_same_addresses(wanted, random):
    shuffled = [(other, one) if random.random() < 0.5 else (one, other) for one, other in wanted]
    random.shuffle(shuffled)
    assert merged(shuffled).owners() == merged(wanted).owners()


@given(pairs)
def test_merging_again_changes_nothing(wanted):
    world = merged(wanted)
    before = (world.owners(), dict(world.pointers))
    for one, other in wanted:
        world.merge(one, other)
    assert (world.owners(), world.pointers) == before


@given(pairs, st.sampled_from(CONTACTS), st.sampled_from(CONTACTS))
def test_undoing_a_merge_gives_everybody_back_what_they_had(wanted, one, other):
    world = merged(wanted)
    before, pointers = world.owners(), dict(world.pointers)
    stays, goes = elder(world.root(one), world.root(other))
    world.merge(one, other)
    if stays != goes:
        world.unmerge(goes)
    assert (world.owners(), world.pointers) == (before, pointers)


@given(pairs, st.permutations(CONTACTS))
def test_undoing_every_merge_in_any_order_leaves_everybody_alone(wanted, order):
    world = merged(wanted)
    for contact in order:
        world.unmerge(contact)
    assert world.owners() == World().owners()
    assert all(one.home_id is None for one in world.held)


@given(pairs)
def test_an_identity_belongs_to_the_root_of_its_home(wanted):
    world = merged(wanted)
    assert all(one.identity.contact_id == world.root(one.home) for one in world.held)
    assert all(contact in below(world.pointers, world.root(contact)) for contact in CONTACTS)


def test_an_address_that_came_after_the_merge_goes_with_the_one_that_proved_it():
    world = merged([("c0", "c1")])
    world.held.append(Held(identity=identity("new", "c0"), home_id="c1"))
    world.unmerge("c1")
    assert world.owners()["new"] == "c1"


words = st.text("abc", min_size=1, max_size=2)
consents = st.builds(
    Consent,
    channel=st.sampled_from(["sms", "email"]),
    purpose=st.sampled_from([None, Purpose.MARKETING]),
    state=st.sampled_from(ConsentState),
    source=words,
    at=st.integers(0, 9).map(lambda n: AT + timedelta(seconds=n)),
)
contacts = st.builds(
    Contact,
    id=st.just("c"),
    external_id=st.none() | words,
    name=st.none() | words,
    locale=st.none() | words,
    attributes=st.dictionaries(words, words, max_size=3),
    tags=st.lists(words, unique=True, max_size=3).map(tuple),
    vip=st.booleans(),
    preferred_channels=st.lists(words, unique=True, max_size=2).map(tuple),
    consent=st.lists(consents, max_size=3, unique_by=lambda one: (one.channel, one.purpose)).map(tuple),
)


def read(contact):
    """As a reader sees it: consent is one word per channel and purpose, in no order."""
    return msgspec.structs.replace(contact, consent=(), id=""), frozenset(contact.consent)


@given(contacts, contacts)
def test_dividing_what_was_united_gives_the_older_back(older, younger):
    both = united(older, younger)
    assert read(divided(both, older, both)) == read(older)


@given(contacts, contacts)
def test_uniting_again_changes_nothing(older, younger):
    both = united(older, younger)
    assert read(united(both, younger)) == read(both)


@given(contacts, contacts, contacts)
def test_what_is_known_of_three_is_the_same_in_either_grouping(one, two, three):
    left, right = united(united(one, two), three), united(one, united(two, three))
    assert (left.name, left.vip, set(left.tags), left.attributes) == (
        right.name,
        right.vip,
        set(right.tags),
        right.attributes,
    )


def test_what_was_changed_since_stands():
    older, younger = Contact(id="a", tags=("old",)), Contact(id="b", name="Mina", tags=("new",), vip=True)
    both = united(older, younger)
    now = msgspec.structs.replace(both, name="Mina W.", tags=(*both.tags, "since"), attributes={"size": "m"})
    assert divided(now, older, both) == msgspec.structs.replace(
        older, name="Mina W.", tags=("old", "since"), attributes={"size": "m"}, vip=False
    )


def test_an_older_wish_of_the_merged_one_gives_way_to_a_newer():
    no = Consent(channel="sms", purpose=None, state=ConsentState.OPTED_OUT, source="STOP", at=AT)
    yes = msgspec.structs.replace(no, state=ConsentState.OPTED_IN, source="START", at=AT + timedelta(1))
    assert united(Contact(id="a", consent=(no,)), Contact(id="b", consent=(yes,))).consent == (yes,)
    assert united(Contact(id="a", consent=(yes,)), Contact(id="b", consent=(no,))).consent == (yes,)


ANN, BOB = Contact(id="a", external_id="ann"), Contact(id="b", external_id="bob")


@pytest.mark.parametrize(
    ("one", "other", "vouched", "parted", "reason"),
    [
        (ANN, Contact(id="b"), False, False, None),
        (ANN, BOB, False, False, "the app knows them as two different users"),
        (ANN, BOB, True, False, None),
        (ANN, Contact(id="b"), False, True, "an operator took them apart before"),
        (ANN, Contact(id="b"), True, True, None),
        (ANN, Contact(id="b", erased_at=AT), True, False, "one of them was erased"),
    ],
)
def test_two_stay_two_where_somebody_said_so(one, other, vouched, parted, reason):
    assert against(one, other, vouched=vouched, parted=parted) == reason


def test_conversations_of_one_place_become_part_of_the_oldest():
    places = {5: "x", 3: "x", 4: "y", 9: "x"}
    five, three, four, nine = (Open(id=f"v{n}", number=n, sharing_key=key) for n, key in places.items())
    assert together([five, three, four, nine]) == ((three, (five, nine)), (four, ()))
