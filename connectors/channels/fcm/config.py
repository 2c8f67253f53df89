"""What an operator sets for Firebase Cloud Messaging."""

from functools import lru_cache
from typing import Annotated, Final

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from connectors.families.app.devices import check_devices
from connectors.families.app.notice import NoticeKeys
from connectors.kit.secret import Secret

TOKEN_URL: Final = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address


class ServiceAccount(msgspec.Struct, frozen=True):
    """The key file of a service account, as far as it is read."""

    project_id: Annotated[str, msgspec.Meta(pattern="^[a-z0-9.:-]{1,100}$")]
    client_email: Annotated[str, msgspec.Meta(min_length=3, max_length=200)]
    private_key_id: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    private_key: str
    token_uri: Annotated[str, msgspec.Meta(pattern="^https?://")] = TOKEN_URL

    def __repr__(self) -> str:
        return f"ServiceAccount({self.client_email})"

    @property
    def key(self) -> RSAPrivateKey:
        """Raises ValueError."""
        found = load_pem_private_key(self.private_key.encode(), None)
        if not isinstance(found, RSAPrivateKey):
            raise ValueError("not an RSA key")
        return found

    def assertion(self, claims: dict[str, object]) -> str:
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": self.private_key_id})


class Config(NoticeKeys, frozen=True, kw_only=True):
    """The devices of one app's users, in one Firebase project."""

    service_account: Secret
    """The whole key file of a service account that may send, as JSON: `file:/run/secrets/firebase.json`."""
    oauth_url: str | None = None
    """Where access tokens come from; none: where the key file says."""
    api_base: str = "https://fcm.googleapis.com"

    def __post_init__(self) -> None:
        check_devices(self)
        read_account(self.service_account)

    @property
    def tokens_from(self) -> str:
        return self.oauth_url or read_account(self.service_account).token_uri


@lru_cache(64)
def read_account(secret: Secret) -> ServiceAccount:
    """Raises ValueError, whose text repeats nothing of it."""
    try:
        found = msgspec.json.decode(secret.reveal(), type=ServiceAccount)
        usable = bool(found.key)
    except (msgspec.MsgspecError, ValueError, TypeError):
        usable = False
    if not usable:
        raise ValueError("service_account: not the key file of a service account, as JSON")
    return found
