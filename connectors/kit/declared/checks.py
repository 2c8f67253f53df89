"""What every scheme is: it checks, and presents what it checks.

`check` raises BadSignature; `presented` is the provider's side, for the simulator. Both are pure. `check_settings` is
asked when a connector is configured. `value` gives a setting's text by its name.
"""

import hmac
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Final

from connectors.kit.errors import BadSignature
from connectors.kit.request import Request

Value = Callable[[str], str]
_SECONDS: Final = re.compile(r"[0-9]{1,12}", re.ASCII)


class Scheme(ABC):
    settings: tuple[str, ...]
    """The settings it needs."""
    public: ClassVar[bool] = False
    """None of them is a secret, because only the provider can sign, or call from where it does."""

    def check_settings(self, value: Value) -> None:  # noqa: B027 - most take any text
        """Raises ValueError, which names the setting, for what is no key."""

    @abstractmethod
    def check(self, request: Request, value: Value) -> None: ...

    @abstractmethod
    def presented(self, request: Request, value: Value) -> Request: ...


def told(setting: Any) -> str:
    """A setting's text: a list is written with spaces, and what is not set is nothing."""
    return " ".join(setting) if isinstance(setting, tuple) else "" if setting is None else str(setting)


def check_time(told: str, request: Request, tolerance: int) -> None:
    """Raises BadSignature where a time of signing in seconds since 1970 is too far from that of receiving."""
    if not _SECONDS.fullmatch(told):
        raise BadSignature("no time of signing")
    if abs(int(told) - request.received_at.timestamp()) > tolerance:
        raise BadSignature("signed too long ago, or in the future")


def equal(given: str | None, ours: str) -> bool:
    """In a time that tells nothing."""
    return given is not None and hmac.compare_digest(given.encode("utf-8", "surrogatepass"), ours.encode())
