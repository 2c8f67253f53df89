"""Mails as people write them, for the simulators of those that bring them."""

from normalizer.addresses import normalise


def plain_mail(text: str, sender: str, to: str, number: str, *fields: str) -> bytes:
    """One of plain text; `number` makes it one of its own, `fields` are further lines of its header. Raises ValueError
    for a sender who has no address."""
    normalise("mailto", sender)
    lines = [
        f"From: <{sender}>",
        f"To: <{to}>",
        f"Subject: Question {number}",
        f"Message-ID: <{number}@{sender.rpartition('@')[2]}>",
        *fields,
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        text,
    ]
    return ("\r\n".join(lines) + "\r\n").encode()
