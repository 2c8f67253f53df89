"""Links to attachments that open them without a key, for whom they were made and as long as they were made for.

Signed with HMAC-SHA256 by a secret of the hub's own, made once and kept in the store.
"""

import copy
import hmac
import re
import secrets
from datetime import datetime
from hashlib import sha256
from urllib.parse import quote

from sqlalchemy import Engine

from gateway.store.engine import writing
from gateway.store.times import now

WEEK = 7 * 86_400
NAME = "links"
OCTETS = 32
_TIME = re.compile(r"[0-9]{1,12}", re.ASCII)


class Links:
    def __init__(self, engine: Engine, public_url: str) -> None:
        """`public_url` without a slash at its end. Reads the secret, and makes it where there is none."""
        self._public_url = public_url
        self._secret = own_secret(engine, NAME)

    def moved(self, public_url: str) -> "Links":
        """Links at another address, by the same secret; does not ask the store."""
        links = copy.copy(self)
        links._public_url = public_url
        return links

    def link(self, attachment_id: str, seconds: int = WEEK) -> str:
        """A URL that opens the attachment for so many seconds from now."""
        return f"{self._public_url}/v1/attachments/{quote(attachment_id, safe='')}?{self.query(attachment_id, seconds)}"

    def query(self, attachment_id: str, seconds: int = WEEK) -> str:
        """What `link` puts behind the address."""
        expires = str(int(now().timestamp()) + seconds)
        return f"expires={expires}&signature={self._sign(attachment_id, expires)}"

    def valid(self, attachment_id: str, expires: str, signature: str, at: datetime) -> bool:
        """Whether `link` made this, and it has not expired by `at`. Takes whatever text a stranger writes."""
        genuine = hmac.compare_digest(self._sign(attachment_id, expires).encode(), signature.encode(errors="replace"))
        return genuine and _TIME.fullmatch(expires) is not None and at.timestamp() < int(expires)

    def _sign(self, attachment_id: str, expires: str) -> str:
        signed = f"attachment\n{attachment_id}\n{expires}".encode(errors="replace")
        return hmac.new(self._secret, signed, sha256).hexdigest()


def own_secret(engine: Engine, name: str) -> bytes:
    """The hub's own secret of this name, made where there is none yet."""
    find = "SELECT value FROM own_secrets WHERE name = ?"
    with engine.connect() as connection:
        row = connection.exec_driver_sql(find, (name,)).fetchone()
    if row is None:
        with writing(engine) as connection:
            made = (name, secrets.token_bytes(OCTETS))
            # another process may have made it meanwhile: the first one's stands
            connection.exec_driver_sql(
                "INSERT INTO own_secrets (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING", made
            )
            row = connection.exec_driver_sql(find, (name,)).fetchone()
    assert row is not None
    return bytes(row[0])
