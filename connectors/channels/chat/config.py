"""What an operator sets for a chat."""

import re
from typing import Annotated, Final

import msgspec

from connectors.families.app.keys import UserKeys, check_keys, check_length, check_origins
from connectors.kit.secret import Secret

TYPE: Final = re.compile(r"[a-z]+/(?:\*|[a-z0-9.+-]+)")
TYPES: Final = (
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/heic",
    "image/avif",
    "video/*",
    "audio/*",
    "application/pdf",
    "text/plain",
)
Count = Annotated[int, msgspec.Meta(ge=1, le=100_000)]


class Config(UserKeys, frozen=True, kw_only=True):
    """One chat. At least one of `secret`, `jwt_secret` and `jwt_public_key` says who may write."""

    secret: Secret | None = None
    """Signs the tokens of visitors; 32 characters or more, of your own choice. Without it there are no visitors."""
    origins: tuple[str, ...] = ()
    """Whose pages may embed the chat: `https://app.example.com` each, `null` for pages from files, `*` for all."""
    uploads: tuple[str, ...] = TYPES
    """Media types customers may send; `image/*` stands for all of a kind."""
    file_octets: Annotated[int, msgspec.Meta(ge=1)] = 20 << 20
    emergency: bool = False
    """Offers the emergency action, which overtakes everything else."""
    proxies: Annotated[int, msgspec.Meta(ge=0, le=10)] | None = None
    """How many reverse proxies stand before the hub on the way to this chat, where that differs from the hub's own
    `proxies`; with 0 nobody is believed about whom they speak for."""
    messages_per_minute: Count = 60
    """Of one person."""
    receipts_per_minute: Count = 600
    """How often one person may say that messages came or were read; they do not count as messages."""
    sessions_per_minute: Count = 60
    """Of one network address."""
    uploads_per_minute: Count = 30
    """Of one person."""
    sockets: Count = 8
    """How many of one person are served at a time: tabs, devices."""

    def __post_init__(self) -> None:
        if self.secret is None and self.jwt_secret is None and self.jwt_public_key is None:
            raise ValueError("nobody may write: set secret, jwt_secret or jwt_public_key")
        check_length("secret", self.secret)
        check_keys(self)
        if self.secret is not None and self.secret == self.jwt_secret:
            raise ValueError("secret: not the same as jwt_secret, for who has that could pass for any visitor")
        check_origins(self.origins)
        for media_type in self.uploads:
            if not TYPE.fullmatch(media_type):
                raise ValueError(f"uploads: not a media type such as image/png or image/*: {media_type!r}")
