"""What is said in SMTP and LMTP, each with its enhanced status code (RFC 3463)."""

import re
from collections.abc import Mapping, Sequence

from gateway.listening.mail import Recipient, Verdict

OK_SENDER = "250 2.1.0 sender ok"
OK_RECIPIENT = "250 2.1.5 recipient ok"
NOT_VERIFIED = "252 2.5.0 send it, and RCPT will tell"
UNKNOWN = "550 5.1.1 nobody here has this address"
MALFORMED = "553 5.1.3 not an address"
TOO_MANY_RECIPIENTS = "452 4.5.3 too many recipients"
TOO_LARGE = "552 5.3.4 larger than the {most} octets that are taken"
MISSHAPEN = "550 5.6.0 {why}"
SLOW = "421 4.4.2 the message did not come in time"
FAULT = "451 4.3.0 a fault of ours; try again later"
NO_ROOM = "452 4.3.1 no room for it now; try again later"
CLOSING = "421 4.3.2 closing; try again later"
FULL = "421 4.3.2 too many connections; try again later"
STRANGER = "421 4.7.0 not from where you are"
NO_TLS = "530 5.7.0 STARTTLS comes first"
NO_USERS = "502 5.5.1 nobody logs in here"
BAD_LOGIN = "535 5.7.8 user or password is wrong"
VERDICTS: Mapping[Verdict, str] = {
    Verdict.TAKEN: "250 2.0.0 taken",
    Verdict.REFUSED: "550 5.7.1 refused",
    Verdict.LATER: FAULT,
    Verdict.FULL: NO_ROOM,
}
PREFERENCE = (Verdict.LATER, Verdict.FULL, Verdict.TAKEN)
"""What one answer for all says, if it is so for any: who failed hears of it again, who took it knows a repetition."""
ENHANCED: Mapping[str, str] = {
    "221": "2.0.0",
    "250": "2.0.0",
    "252": "2.5.0",
    "421": "4.3.0",
    "454": "4.7.0",
    "500": "5.5.2",
    "501": "5.5.4",
    "502": "5.5.1",
    "503": "5.5.1",
    "504": "5.5.4",
    "530": "5.7.0",
    "538": "5.7.11",
    "552": "5.3.4",
    "553": "5.1.3",
    "554": "5.7.0",
    "555": "5.5.4",
}
"""For what the library says without one."""
_PLAIN = re.compile(r"(?P<code>[245][0-9]{2}) (?![245]\.[0-9]{1,3}\.[0-9]{1,3} )")


def enhanced(reply: str) -> str:
    """The reply with an enhanced status code, as RFC 2034 has it once the extension was announced."""
    plain = _PLAIN.match(reply)
    code = ENHANCED.get(plain["code"]) if plain else None
    return f"{reply[:4]}{code} {reply[4:]}" if code else reply


def one_for_all(verdicts: Mapping[str, Verdict]) -> str:
    """SMTP's answer to a message."""
    found = set(verdicts.values())
    return VERDICTS[next((verdict for verdict in PREFERENCE if verdict in found), Verdict.REFUSED)]


def one_for_each(recipients: Sequence[Recipient], verdicts: Mapping[str, Verdict]) -> str:
    """LMTP's: a line for each recipient that was taken at RCPT, in their order (RFC 2033 §4.2)."""
    return "\r\n".join(VERDICTS[verdicts[one.connector.id]] for one in recipients)
