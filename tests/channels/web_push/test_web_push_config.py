import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from web_push_page import SETTINGS, VAPID

from connectors.channels.web_push.config import Config
from connectors.channels.web_push.vapid import public_text, read_key
from connectors.kit.config import configured
from connectors.kit.secret import Secret


def pem(key) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def without(name: str) -> dict[str, object]:
    return {key: value for key, value in SETTINGS.items() if key != name}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (without("users"), "users"),
        ({**SETTINGS, "users": "No such name"}, "users"),
        (without("jwt_secret"), "nobody may register"),
        ({**SETTINGS, "jwt_secret": "short"}, "jwt_secret: at least 32"),
        ({**SETTINGS, "jwt_algorithms": ["ES256"]}, "jwt_algorithms: there is no key for ES256"),
        ({**SETTINGS, "origins": ["app.example.com"]}, "origins: not an origin"),
        (without("title"), "title"),
        ({**SETTINGS, "title": ""}, "title"),
        ({**SETTINGS, "title": "two\nlines"}, "title"),
        ({**SETTINGS, "link": "has blanks"}, "link"),
        ({**SETTINGS, "vapid_private_key": "short-and-wrong"}, "vapid_private_key: not a private key"),
        ({**SETTINGS, "vapid_private_key": "A" * 43}, "vapid_private_key: not a private key"),
        ({**SETTINGS, "vapid_private_key": pem(generate_private_key(SECP384R1()))}, "P-256"),
        ({**SETTINGS, "subject": "push@acme.example.com"}, "subject: mailto"),
        ({**SETTINGS, "hosts": ["*"]}, "hosts: not a name"),
        ({**SETTINGS, "hosts": ["https://push.example.com"]}, "hosts: not a name"),
        ({**SETTINGS, "keep_seconds": -1}, "keep_seconds"),
        ({**SETTINGS, "urgency": "soon"}, "urgency"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, object], says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says) as error:
        configured(Config, settings)
    assert str(settings.get("vapid_private_key")) not in str(error.value)


def test_the_key_may_be_pem_too() -> None:
    key = read_key(Secret(VAPID))
    assert public_text(read_key(Secret(pem(key)))) == public_text(key)
