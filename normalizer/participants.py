"""Who else takes part in a conversation: people in copy, who prove nothing by being named."""

from enum import StrEnum

import msgspec


class Role(StrEnum):
    COPIED = "copied"
    """Somebody named them beside us."""
    WROTE = "wrote"
    """They wrote in it themselves, and proved to be who was named."""


ROLE_RANK = {Role.COPIED: 0, Role.WROTE: 1}


class Copied(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody a message was addressed to as well; of ours, somebody who gets it too."""

    identity_id: str
    address: str
    name: str | None = None
