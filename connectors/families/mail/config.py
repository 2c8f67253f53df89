"""What an operator sets of any address that customers write to, whoever brings its mail: what the settings of each mail
channel begin with. The family has none of its own (ADR 0022)."""

import re
from functools import lru_cache
from typing import Annotated, Final

import msgspec

from connectors.families.mail.signing import Signer
from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret
from normalizer.addresses import InvalidAddress, normalise

SHORTEST_SECRET: Final = 16
LONGEST_LOCAL: Final = 20
"""Characters before the `@` that leave room for a token and its MAC."""
_LINE: Final = re.compile(r"[^\x00-\x1f\x7f]{0,200}")

Octets = Annotated[int, msgspec.Meta(gt=0)]


class MailConfig(PluginConfig, frozen=True, kw_only=True):
    """One address customers write to. What a channel adds is its own."""

    address: str
    """What customers write to, and what answers come from."""
    name: str = ""
    """Stands before the address in `From`, such as `Example Support`."""
    aliases: tuple[str, ...] = ()
    """Further addresses whose mail belongs here; `*@example.com` stands for all of a domain."""
    secret: Secret | None = None
    """Signs the addresses that answers and bounces come back to; 16 characters at least. Without it, neither is known
    by address, and threads are followed by message ids alone."""
    return_address: str | None = None
    """Whose `+` extensions bring answers and bounces back, if not `address`: for one of more than 20 characters before
    the `@`, or a server that knows no extensions of it."""
    subject: str = "Your message"
    """Of mails that begin a conversation without a subject."""
    most_octets: Octets = 25_000_000
    """All files of one mail together, before they grow by a third on the way."""

    def __post_init__(self) -> None:
        for setting in ("address", "return_address"):
            _check_address(setting, getattr(self, setting))
        for alias in self.aliases:
            _check_address("aliases", alias.replace("*@", "any@", 1) if alias.startswith("*@") else alias)
        if not _LINE.fullmatch(self.name) or not _LINE.fullmatch(self.subject):
            raise ValueError("name and subject: one line of 200 characters at most")
        if self.secret is not None and len(self.secret.reveal()) < SHORTEST_SECRET:
            raise ValueError(f"secret: {SHORTEST_SECRET} characters at least")
        if self.secret is not None and len(self.returns.partition("@")[0]) > LONGEST_LOCAL:
            raise ValueError(f"return_address: needed where more than {LONGEST_LOCAL} characters stand before the @")

    @property
    def own(self) -> str:
        """`address`, normalised."""
        return normalise("mailto", self.address)

    @property
    def returns(self) -> str:
        return normalise("mailto", self.return_address or self.address)

    @property
    def domain(self) -> str:
        return self.own.rpartition("@")[2]

    def takes(self, recipient: str) -> bool:
        """Its address and aliases, with any `+` extension, and the signed addresses that answers come to."""
        try:
            local, _, domain = normalise("mailto", recipient).rpartition("@")
        except InvalidAddress:
            return False
        written = {f"{local.partition('+')[0]}@{domain}", f"{local}@{domain}", f"*@{domain}"}
        return bool(written & {self.own, self.returns}) or not written.isdisjoint(_named(self.aliases))

    def signer(self) -> Signer:
        return Signer(self.secret, self.returns)


def _check_address(setting: str, address: str | None) -> None:
    if address is None:
        return
    try:
        normalise("mailto", address)
    except InvalidAddress as error:
        raise ValueError(f"{setting}: {error.detail}") from error


@lru_cache(maxsize=64)
def _named(aliases: tuple[str, ...]) -> frozenset[str]:
    """As addresses are compared."""
    return frozenset((name if name.startswith("*@") else normalise("mailto", name)).lower() for name in aliases)
