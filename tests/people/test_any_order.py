"""Whatever happens in whatever order, what must hold holds, and taking everything apart leaves everybody alone."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.people.merge import Unmergeable
from normalizer.inbound import Claim
from normalizer.model import Proof
from tests.people.conftest import World

MAILS = [f"{name}@example.com" for name in ("ann", "bob", "eve")]
PHONES = [f"+44770090012{n}" for n in range(3)]
USERS = ["ann", "bob"]
claims = st.lists(
    st.builds(Claim, scheme=st.just("mailto"), value=st.sampled_from(MAILS))
    | st.builds(Claim, scheme=st.just("tel"), value=st.sampled_from(PHONES)),
    max_size=2,
).map(tuple)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("mail"), st.sampled_from(MAILS), st.sampled_from([Proof.CHANNEL, Proof.ASSERTED])),
        st.tuples(st.just("text"), st.sampled_from(PHONES)),
        st.tuples(st.just("sign in"), st.sampled_from(USERS), claims),
        st.tuples(st.just("merge"), st.integers(0, 9), st.integers(0, 9), st.booleans()),
        st.tuples(st.just("unmerge"), st.integers(0, 9)),
        st.tuples(st.just("close"), st.integers(1, 5)),
    ),
    min_size=4,
    max_size=25,
)


def take(world: World, step: tuple[object, ...]) -> None:
    contacts = [id_ for (id_,) in world.rows("SELECT id FROM contacts ORDER BY id")]
    match step:
        case ("mail", str(value), Proof() as proof):
            world.hear(world.mailbox, value, proof=proof)
        case ("text", str(value)):
            world.hear(world.phone, value)
        case ("sign in", str(user), tuple(claimed)):
            world.sign_in(user, *claimed)
        case ("merge", int(one), int(other), bool(vouched)) if contacts:
            pair = (contacts[one % len(contacts)], contacts[other % len(contacts)])
            try:
                world.merge(*pair, vouched=vouched)
            except Unmergeable:
                assert not vouched
        case ("unmerge", int(one)) if contacts:
            world.unmerge(contacts[one % len(contacts)])
        case ("close", int(number)):
            world.rows_changed(
                "UPDATE conversations SET state = 'closed', closed_at = opened_at WHERE number = ?", number
            )
        case _:
            assert not contacts


def homes(world: World) -> dict[str, str]:
    return dict(world.rows("SELECT id, coalesce(home_id, contact_id) FROM identities"))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps, st.sampled_from([0, 10**9]))
def test_people_come_together_and_apart_in_any_order(taken: list[tuple[object, ...]], reopen_within: int) -> None:
    with TemporaryDirectory() as folder:
        world = World(Path(folder), reopen_within=reopen_within)
        try:
            for step in taken:
                take(world, step)
                world.whole()
            home = homes(world)
            for (contact,) in world.rows("SELECT id FROM contacts WHERE merged_into IS NOT NULL"):
                world.unmerge(contact)
                world.whole()
            assert dict(world.rows("SELECT id, contact_id FROM identities")) == home
            assert world.rows("SELECT count(*) FROM contacts WHERE merged_into IS NOT NULL") == [(0,)]
            for value in (*MAILS, *PHONES):  # nobody writes where another reads
                world.hear(world.mailbox if "@" in value else world.phone, value)
            assert (
                world.rows(
                    "SELECT r.id FROM routes r JOIN identities i ON i.id = r.identity_id"
                    " JOIN conversations c ON c.id = r.conversation_id WHERE c.contact_id <> i.contact_id"
                )
                == []
            )
            world.whole()
        finally:
            world.close()
