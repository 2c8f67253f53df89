"""The part of the language that says how a provider shows that a request is its own, as types."""

from typing import Literal

import msgspec


class Shown(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A way to show it."""


class BasicAuth(Shown, frozen=True, kw_only=True, tag="basic", tag_field="by"):
    """The provider presents a user and a password (RFC 7617); both name settings."""

    user: str
    password: str


class SecretField(Shown, frozen=True, kw_only=True, tag="secret", tag_field="by"):
    """A secret stands in the address the provider calls, or in a header."""

    setting: str
    query: str | None = None
    header: str | None = None


class ListedAddress(Shown, frozen=True, kw_only=True, tag="address", tag_field="by"):
    """The provider calls from one of these network addresses: those of the file, of a setting, or of both together."""

    any_of: tuple[str, ...] = ()
    """Addresses and networks, such as `192.0.2.0/24`."""
    setting: str | None = None
    """Of type `addresses`. Where it is optional, left out and alone, every address will do; then something else must
    show who calls."""


class Hmac(Shown, frozen=True, kw_only=True, tag="hmac", tag_field="by"):
    """A keyed hash over `signed`, the pieces in their order (`connectors.kit.declared.pieces`)."""

    key: str
    header: str
    or_header: str | None = None
    """Another header that may hold the hash instead."""
    signed: tuple[str, ...]
    algorithm: Literal["sha1", "sha256", "sha512"] = "sha256"
    encoding: Literal["base64", "hex"] = "base64"
    prefix: str = ""
    """Stands before the hash in the header, such as `sha256=`."""
    several: bool = False
    """The header is a list separated by commas, of which one must fit."""
    nonce: str | None = None
    """A header of a number used once, which must be there and be one of the signed pieces."""
    timestamp: str | None = None
    """A header of seconds since 1970, which must be one of the signed pieces."""
    tolerance: int = 300
    """Seconds between the timestamp and our receiving, either way."""


class SignedFields(Shown, frozen=True, kw_only=True, tag="signed_fields", tag_field="by"):
    """A keyed hash over the fields of a form, or of the query of a GET, in one of them, in hexadecimal.

    What is hashed is `&name=value` of every other field, sorted by name, with `_` for each `&` and `=` of a value.
    """

    key: str
    field: str
    algorithm: Literal["md5", "sha1", "sha256", "sha512"] = "sha256"
    timestamp: str
    """A field of seconds since 1970."""
    tolerance: int = 300
    """Seconds between the timestamp and our receiving, either way."""


class Jwt(Shown, frozen=True, kw_only=True, tag="jwt", tag_field="by"):
    """A JSON Web Token signed with a shared key (HS256), whose claims hold hashes of what came."""

    key: str
    header: str
    issuer: str | None = None
    claims: dict[str, str]
    """Claim to the piece it must equal. Where the piece is empty, the claim is left out."""
    tolerance: int = 1
    """Seconds that `nbf` and `exp`, both required, may be off."""


class Ed25519(Shown, frozen=True, kw_only=True, tag="ed25519", tag_field="by"):
    """A signature by a key pair over `signed`, whose public half, 32 octets in base64, is a setting of type `text`."""

    key: str
    header: str
    signed: tuple[str, ...]
    timestamp: str
    """A header of seconds since 1970, which must be one of the signed pieces."""
    tolerance: int = 300
    """Seconds between the timestamp and our receiving, either way."""


class StandardWebhooks(Shown, frozen=True, kw_only=True, tag="standard_webhooks", tag_field="by"):
    """A keyed hash as Standard Webhooks has it: over name, moment and body, in headers `webhook-…`."""

    key: str
    """A setting: octets in base64, with or without `whsec_` before them."""
    tolerance: int = 300
    """Seconds between the moment and our receiving, either way."""


Scheme = BasicAuth | SecretField | ListedAddress | Hmac | SignedFields | Jwt | Ed25519 | StandardWebhooks
