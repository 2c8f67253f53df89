"""The encryption by the RFC's own example and by another implementation, and the sender's token by another's check."""

import time
from datetime import UTC, datetime, timedelta

import http_ece
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from py_vapid import Vapid02
from web_push_page import VAPID

from connectors.channels.web_push.encryption import MOST, encrypt
from connectors.channels.web_push.simulator import _auth, _browsers_key
from connectors.channels.web_push.vapid import Sender, from_base64url, read_key, to_base64url
from connectors.kit.secret import Secret

SERVICE = "https://web.push.apple.com"
# RFC 8291 §5 and appendix A
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
RECEIVER = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
SALT, AUTH = "DGv6ra1nlYgDCS1FRnbzlw", "BTBZMqHH6r4Tts7J_aSIgg"
SEALED = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
    "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_the_rfcs_example() -> None:
    receiver = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), from_base64url(RECEIVER))
    sealed = encrypt(
        b"When I grow up, I want to be a watermelon",
        receiver,
        from_base64url(AUTH),
        key=read_key(Secret(SENDER)),
        salt=from_base64url(SALT),
    )
    assert to_base64url(sealed) == SEALED


@pytest.mark.parametrize("octets", [0, 1, 100, MOST])
def test_what_we_encrypt_another_implementation_reads(octets: int) -> None:
    key, plain = _browsers_key("desk"), b"x" * octets
    sealed = encrypt(plain, key.public_key(), _auth("desk"))
    assert len(sealed) == octets + 103 <= 4096
    assert http_ece.decrypt(sealed, private_key=key, auth_secret=_auth("desk"), version="aes128gcm") == plain


def test_no_two_messages_are_encrypted_alike_and_one_that_is_too_long_is_refused() -> None:
    key = _browsers_key("desk").public_key()
    assert encrypt(b"one", key, _auth("desk"))[16:] != encrypt(b"one", key, _auth("desk"))[16:]
    with pytest.raises(ValueError, match="3993"):
        encrypt(b"x" * (MOST + 1), key, _auth("desk"))


def test_the_senders_token_is_what_py_vapid_takes() -> None:
    sender = Sender(read_key(Secret(VAPID)), "mailto:push@acme.example.com", lambda: datetime.now(UTC))
    header = sender.authorization(SERVICE)
    assert Vapid02.verify(header)
    claims = jwt.decode(header.removeprefix("vapid t=").partition(",")[0], options={"verify_signature": False})
    assert (claims["aud"], claims["sub"]) == (SERVICE, "mailto:push@acme.example.com")
    assert 11 * 3600 < claims["exp"] - time.time() <= 12 * 3600


def test_one_token_serves_a_push_service_until_it_is_about_to_lapse() -> None:
    clock = [datetime(2026, 11, 21, 10, tzinfo=UTC)]
    sender = Sender(read_key(Secret(VAPID)), "https://acme.example.com", lambda: clock[0])
    first, other = sender.authorization(SERVICE), sender.authorization("https://fcm.googleapis.com")
    clock[0] += timedelta(hours=10, minutes=59)
    assert sender.authorization(SERVICE) == first != other
    clock[0] += timedelta(minutes=1)
    assert sender.authorization(SERVICE) != first
    for n in range(100):
        sender.authorization(f"https://{n}.notify.windows.com")
    assert len(sender._tokens) <= 64
