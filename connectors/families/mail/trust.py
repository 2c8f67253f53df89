"""Whether the sender is who the mail says: by the word of the mail server before us, and by nothing else.

That server writes `Authentication-Results` above all that came with the mail, and is to remove what a stranger wrote in
its name (RFC 8601 §5). Only `dmarc=pass` for the very domain in `From` counts: SPF and DKIM alone say nothing of it.
"""

import re
from collections.abc import Collection

from connectors.families.mail.mime_fields import Fields, addresses, normal
from normalizer.model import Proof

MOST = 4096
"""Characters of a field that are looked at."""
_SERVER = re.compile(r"\s{0,20}(?:\"([^\"]{1,253})\"|([^\s;\"]{1,253}))")
_RESULT = re.compile(r"dmarc\s{0,9}(?:/\s{0,9}\d{1,3}\s{0,9})?=\s{0,9}([a-z]{1,20})\b(.{0,400})", re.I | re.S)
_DOMAIN = re.compile(r"(?<![\w.-])header\.from\s{0,9}=\s{0,9}\"?(?:[^\s;\"@]{1,64}@)?([^\s;\"@]{1,253})", re.I)


def proof(fields: Fields, sender: str, authserv_ids: Collection[str]) -> Proof:
    """`channel` where a trusted server says that DMARC passed for the domain of `sender`, else `asserted`."""
    trusted = frozenset(id_.lower() for id_ in authserv_ids)
    if not _is_alone(fields, sender):
        return Proof.ASSERTED
    results = [result for value in _of_servers(fields, trusted) for result in _dmarc(value)]
    domain = sender.rpartition("@")[2]
    passes = bool(trusted and results) and all(word == "pass" and told == domain for word, told in results)
    return Proof.CHANNEL if passes else Proof.ASSERTED


def vouched(fields: Fields, sender: str, domains: Collection[str]) -> Proof:
    """`channel` where whoever brought the mail proved one of these domains, `*` for any, and it is that of `sender`."""
    proven = _is_alone(fields, sender) and ("*" in domains or sender.rpartition("@")[2] in domains)
    return Proof.CHANNEL if proven else Proof.ASSERTED


def _is_alone(fields: Fields, sender: str) -> bool:
    """What is not the one address of the one `From` was not what anybody looked at."""
    named = fields.each("from")
    return len(named) == 1 and [normal(address) for _, address in addresses(named)] == [sender]


def _of_servers(fields: Fields, trusted: Collection[str]) -> list[str]:
    """The topmost results of a trusted server: those it wrote at once, before any other hop's `Received`."""
    found: list[str] = []
    for name, value in fields.all:
        if found and name == "received":
            break
        if name == "authentication-results":
            server = _SERVER.match(_uncommented(value[:MOST]))
            if server and (server[1] or server[2]).lower() in trusted:
                found.append(value)
    return found


def _dmarc(value: str) -> list[tuple[str, str]]:
    """Result and domain of each word about DMARC."""
    found = []
    for statement in _uncommented(value[:MOST]).split(";")[1:]:
        result = _RESULT.fullmatch(statement.strip())
        if result:
            domain = _DOMAIN.search(result[2])
            found.append((result[1].lower(), _ascii(domain[1]) if domain else ""))
    return found


def _ascii(domain: str) -> str:
    return (normal(f"x@{domain.rstrip('.')}") or "")[2:]


def _uncommented(value: str) -> str:
    """Without what stands in round brackets, which may be nested; what a quoted string holds is left."""
    kept: list[str] = []
    depth, quoted, escaped = 0, False, False
    for letter in value:
        if not quoted and not escaped and letter == "(":
            depth += 1
        elif not quoted and not escaped and letter == ")" and depth:
            depth -= 1
        elif not depth:
            quoted ^= letter == '"' and not escaped
            kept.append(letter)
        escaped = letter == "\\" and not escaped
    return "".join(kept)
