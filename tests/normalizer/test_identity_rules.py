import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.identity import Known, Stranger, proven, resolve, scope_of
from normalizer.inbound import Address, Person
from normalizer.model import Identity, Proof

ANN = Person(address=Address(scheme="mailto", value="ann@example.com"), name="Ann")


def identity(*, scheme="mailto", value="ann@example.com", scope="*", proof=Proof.CHANNEL):
    return Identity(id="i1", contact_id="c1", scheme=scheme, value=value, scope=scope, proof=proof)


@pytest.mark.parametrize(
    ("scheme", "proof", "scope"),
    [
        ("tel", Proof.CHANNEL, "*"),
        ("mailto", Proof.VERIFIED, "*"),
        ("mailto", Proof.ASSERTED, "mail"),
        ("tel", Proof.ASSERTED, "mail"),
        ("room", Proof.VERIFIED, "mail"),
        ("room", Proof.ASSERTED, "mail"),
    ],
)
def test_only_a_proven_number_or_mail_address_counts_everywhere(scheme, proof, scope):
    assert scope_of(scheme, proof, "mail") == scope


def test_a_proven_message_of_a_known_address_is_from_its_contact():
    assert resolve(ANN, Proof.CHANNEL, identity(), "mail") == Known(identity_id="i1", contact_id="c1")


def test_a_proven_message_of_an_unknown_address_is_from_a_stranger_who_counts_everywhere():
    assert resolve(ANN, Proof.CHANNEL, None, "mail") == Stranger(
        scheme="mailto", scope="*", value="ann@example.com", proof=Proof.CHANNEL
    )


def test_a_forged_sender_does_not_join_the_proven_history():
    assert resolve(ANN, Proof.ASSERTED, identity(), "mail") == Stranger(
        scheme="mailto", scope="mail", value="ann@example.com", proof=Proof.ASSERTED
    )


def test_an_unproven_sender_is_known_as_the_unproven_one():
    known = identity(scope="mail", proof=Proof.ASSERTED)
    assert resolve(ANN, Proof.ASSERTED, known, "mail") == Known(identity_id="i1", contact_id="c1")


def test_an_unproven_sender_stands_beside_the_proven_one_of_the_same_connector():
    visitor = Person(address=Address(scheme="visitor", value="42"))
    known = identity(scheme="visitor", value="42", scope="app", proof=Proof.VERIFIED)
    assert resolve(visitor, Proof.ASSERTED, known, "app") == Stranger(
        scheme="visitor", scope="app:asserted", value="42", proof=Proof.ASSERTED
    )


@given(st.sampled_from(Proof), st.sampled_from(["tel", "mailto", "room"]), st.sampled_from(["*", "mail"]))
def test_below_channel_proof_nobody_is_taken_for_a_proven_identity(proof, scheme, scope):
    sender = Person(address=Address(scheme=scheme, value="x"))
    known = identity(scheme=scheme, value="x", scope=scope, proof=proof)
    match resolve(sender, Proof.ASSERTED, known, "mail"):
        case Known():
            assert not proven(proof)
        case Stranger(scope=new_scope):
            assert new_scope not in ("*", known.scope)
