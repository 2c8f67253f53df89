"""Whose account it is, and whether the token opens it."""

from typing import Final

import msgspec

from connectors.families.twilio.access import Access
from connectors.families.twilio.api import Api
from connectors.kit.errors import Misconfigured
from normalizer.errors import ErrorCode

ACTIVE: Final = "active"


class Owner(msgspec.Struct, frozen=True):
    """The account."""

    friendly_name: str = ""
    status: str = ACTIVE
    type: str = ""

    @property
    def details(self) -> dict[str, str]:
        return {"account": self.friendly_name, "type": self.type}


OWNER: Final = msgspec.json.Decoder(Owner)


async def owner(api: Api, access: Access) -> Owner:
    """Asked as the token and never as the key: it is what webhooks are verified with.

    Raises Misconfigured, Temporary.
    """
    found = await api.get(api.account(".json"), OWNER, access.signing)
    if found.status != ACTIVE:
        raise Misconfigured(f"the account is {found.status}", code=ErrorCode.AUTH_FAILED)
    return found
