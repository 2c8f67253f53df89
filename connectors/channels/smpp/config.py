"""What an operator sets for one account at a carrier."""

import re
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

import msgspec

from connectors.channels.smpp.alphabet import Alphabet
from connectors.channels.smpp.pdu import Party
from connectors.channels.smpp.segmenting import Joining
from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret

Seconds = Annotated[float, msgspec.Meta(gt=0, le=300)]
Count = Annotated[int, msgspec.Meta(ge=1, le=1000)]
Octet = Annotated[int, msgspec.Meta(ge=0, le=255)]
NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
CODE: Final = re.compile(r"[0-9]{1,20}", re.ASCII)
PORTS: Final = {"smpp": 2775, "smpps": 3550}
LONGEST_PASSWORD: Final = 8


class Config(PluginConfig, frozen=True, kw_only=True):
    """One account at a carrier's SMSC."""

    api_base: str
    """`smpp://host[:2775]`, or `smpps://host[:3550]` with TLS from the first octet on."""
    system_id: Annotated[str, msgspec.Meta(min_length=1, max_length=15, pattern="^[!-~]+$")]
    password: Secret
    """Up to eight characters."""
    sender: Annotated[str, msgspec.Meta(min_length=1, max_length=20, pattern="^[ -~]+$")]
    """What messages are from: a number in E.164, a short code, or a name of up to eleven characters."""
    system_type: Annotated[str, msgspec.Meta(max_length=12, pattern="^[ -~]*$")] = ""
    service_type: Annotated[str, msgspec.Meta(max_length=5, pattern="^[ -~]*$")] = ""
    bind: Literal["transceiver", "pair"] = "transceiver"
    """One session for both ways, or a transmitter and a receiver."""
    address_range: Annotated[str, msgspec.Meta(max_length=40, pattern="^[ -~]*$")] = ""
    address_ton: Octet = 0
    address_npi: Octet = 0
    source_ton: Octet | None = None
    """None: by what `sender` looks like."""
    source_npi: Octet | None = None
    destination_ton: Octet = 1
    destination_npi: Octet = 1
    plus: bool = False
    """Whether the carrier wants numbers with their `+`."""
    region: Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")] | None = None
    """Where senders without a country code belong, as in `GB`."""
    alphabet: Alphabet = "gsm7"
    """In which texts leave, where it expresses them; else UCS-2."""
    default_alphabet: Literal["gsm7", "latin1"] = "gsm7"
    """What the carrier means by data coding 0, in what comes."""
    long: Joining = "udh8"
    """What joins the segments of a long text."""
    receipts: bool = True
    message_ids: Literal["same", "hex_to_decimal", "decimal_to_hex"] = "same"
    """How a receipt's text writes the id that the carrier answered with."""
    default_keywords: bool = True
    """STOP and its like are taken for consent withdrawn, START for consent given."""
    window: Count = 10
    """Messages under way without an answer."""
    throttle_pause: Seconds = 5.0
    """How long the connector waits where the carrier has too much."""
    enquire_seconds: Seconds = 30.0
    """After so much silence the carrier is asked whether it is there."""
    response_seconds: Seconds = 30.0
    connect_seconds: Seconds = 10.0
    poll_seconds: Seconds = 30.0
    ca_file: str | None = None
    """Certificates to trust instead of the system's."""

    def __post_init__(self) -> None:
        """Raises ValueError."""
        url = urlsplit(self.api_base)
        if url.scheme not in PORTS or not url.hostname or url.path not in ("", "/") or url.username or url.query:
            raise ValueError("api_base: smpp://host[:port] or smpps://host[:port], and nothing else")
        password = self.password.reveal()
        if not password or len(password) > LONGEST_PASSWORD or not (password.isascii() and password.isprintable()):
            raise ValueError(f"password: one to {LONGEST_PASSWORD} printable ASCII characters")

    @property
    def tls(self) -> bool:
        return urlsplit(self.api_base).scheme == "smpps"

    @property
    def place(self) -> tuple[str, int]:
        """Host and port."""
        url = urlsplit(self.api_base)
        return url.hostname or "", url.port or PORTS[url.scheme]

    def source(self) -> Party:
        """What messages are from, as the carrier is told it."""
        if NUMBER.fullmatch(self.sender):
            ton, npi, number = 1, 1, self.written(self.sender)
        elif CODE.fullmatch(self.sender):
            ton, npi, number = 3, 0, self.sender
        else:
            ton, npi, number = 5, 0, self.sender
        return Party(
            ton if self.source_ton is None else self.source_ton,
            npi if self.source_npi is None else self.source_npi,
            number,
        )

    def written(self, number: str) -> str:
        """A number in E.164 as the carrier writes it."""
        return number if self.plus else number.removeprefix("+")
