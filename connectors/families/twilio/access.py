"""What opens an account, as each channel's configuration has it."""

import re
from typing import Final, Protocol

from connectors.kit.secret import Secret

ACCOUNT: Final = re.compile(r"AC[A-Za-z0-9]{1,64}")
KEY: Final = re.compile(r"SK[A-Za-z0-9]{1,64}")
NUMBER: Final = re.compile(r"\+[1-9][0-9]{1,14}")


class Access(Protocol):
    """The settings every channel has."""

    @property
    def account_sid(self) -> str: ...
    @property
    def api_base(self) -> str: ...
    @property
    def send_seconds(self) -> float: ...
    @property
    def signing(self) -> tuple[str, Secret]:
        """User and password that belong to the token itself."""

    @property
    def credentials(self) -> tuple[str, Secret]:
        """User and password for the API."""


def check_access(account_sid: str, key_sid: str | None, key_secret: Secret | None) -> None:
    """Raises ValueError, whose text names the setting."""
    if not ACCOUNT.fullmatch(account_sid):
        raise ValueError("account_sid: not of the form AC…")
    if (key_sid is None) != (key_secret is None):
        raise ValueError("key_sid: goes with key_secret, and the other way round")
    if key_sid is not None and not KEY.fullmatch(key_sid):
        raise ValueError("key_sid: not of the form SK…")
