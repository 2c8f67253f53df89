"""Keys that are learnt: the newest of them are kept."""

from connectors.kit.errors import BadSignature, UnknownKey
from connectors.kit.keys import Keyring


def test_the_newest_keys_are_kept():
    ring: Keyring[int] = Keyring(2)
    for name, key in (("a", 1), ("b", 2), ("a", 3), ("c", 4)):
        ring.put(name, key)
    assert [ring.get(name) for name in "abc"] == [3, None, 4]
    assert repr(ring) == "Keyring(2 of 2)"


def test_an_unknown_key_is_a_bad_signature_for_whoever_cannot_learn():
    error = UnknownKey("https://keys.example/1")
    assert isinstance(error, BadSignature)
    assert (error.key, error.missing) == ("https://keys.example/1", False)
