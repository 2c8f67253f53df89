"""What an operator sets for Web Push."""

import re
from typing import Annotated, Final, Literal

import msgspec

from connectors.channels.web_push.vapid import read_key
from connectors.families.app.devices import check_devices
from connectors.families.app.notice import NoticeKeys
from connectors.kit.secret import Secret

HOSTS: Final = (
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "*.push.apple.com",
    "*.notify.windows.com",
)
HOST: Final = re.compile(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+")
SUBJECT: Final = re.compile(r"mailto:[!-~]+@[!-~]+|https://[!-~]+")
Urgency = Literal["very-low", "low", "normal", "high"]


class Config(NoticeKeys, frozen=True, kw_only=True):
    """The browsers of one app's users, under one pair of VAPID keys."""

    vapid_private_key: Secret
    """Yours alone: the base64url of 32 octets, as most tools write it, or PEM. Browsers are bound to it: with another
    they have to subscribe anew."""
    subject: Annotated[str, msgspec.Meta(max_length=200)]
    """How push services reach you: `mailto:` or `https:`, and genuine, for some refuse what leads nowhere."""
    hosts: tuple[str, ...] = HOSTS
    """The push services browsers may bring; `*.` stands for any name before. What a browser brings is what somebody
    says, and nothing is sent anywhere else."""
    urgency: Urgency = "high"
    api_base: str | None = None
    """Through which gateway of yours everything goes; none: straight to the push services."""

    def __post_init__(self) -> None:
        check_devices(self)
        read_key(self.vapid_private_key)
        if not SUBJECT.fullmatch(self.subject):
            raise ValueError("subject: mailto:somebody@example.com or https://…")
        for host in self.hosts:
            if not HOST.fullmatch(host):
                raise ValueError(f"hosts: not a name such as push.example.com or *.example.com: {host!r}")
