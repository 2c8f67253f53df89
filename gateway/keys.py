"""API keys: shown once, kept as a hash, scoped, revocable.

A key is 256 random bits, so a plain SHA-256 is a safe hash of it.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Engine, insert, select, update

from gateway.ids import new_id
from gateway.store import schema
from gateway.store.engine import looking, writing
from gateway.store.times import from_us, now, to_us
from normalizer.model import Time

UNNAMED = "unnamed"
"""The name of a key that was given none, as `onethread keys create` writes it; no word for customers."""
PREFIX = "ot_"


class Scope(StrEnum):
    """What a key may do; `admin` may do everything."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


class KeyInfo(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    prefix: str
    """The first characters of the key, enough to recognise it by."""
    scopes: tuple[Scope, ...]
    created_at: Time
    revoked_at: Time | None = None

    def may(self, scope: Scope) -> bool:
        return Scope.ADMIN in self.scopes or scope in self.scopes


def create_key(engine: Engine, name: str, scopes: Sequence[Scope]) -> tuple[str, KeyInfo]:
    """A new key and what is kept of it; the key itself is told this once."""
    key = PREFIX + secrets.token_urlsafe(32)
    info = KeyInfo(id=new_id(), name=name, prefix=key[:10], scopes=tuple(scopes), created_at=now())
    with writing(engine) as connection:
        connection.execute(
            insert(schema.api_keys).values(
                id=info.id,
                name=name,
                prefix=info.prefix,
                hash=_hash(key),
                scopes=" ".join(scopes),
                created_at=to_us(info.created_at),
            )
        )
    return key, info


def list_keys(engine: Engine) -> list[KeyInfo]:
    """All keys, oldest first, revoked ones too."""
    with engine.connect() as connection:
        rows = connection.execute(select(schema.api_keys).order_by(schema.api_keys.c.id))
        return [_info(row) for row in rows.mappings()]


def revoke_key(engine: Engine, key_id: str) -> bool:
    """Whether a key of that id was there to revoke. It stops working at once."""
    keys = schema.api_keys
    with writing(engine) as connection:
        done = connection.execute(
            update(keys).where(keys.c.id == key_id, keys.c.revoked_at.is_(None)).values(revoked_at=to_us(now()))
        )
        return done.rowcount == 1


def find_key(engine: Engine, key: str) -> KeyInfo | None:
    """Who presents this key; None for an unknown or revoked one.

    Asked with every request, so straight from the driver: a Core statement costs five times as much.
    """
    with looking(engine) as cursor:
        row = cursor.execute(_FIND, (_hash(key),)).fetchone()
    return _info(dict(zip(_COLUMNS, row, strict=True))) if row else None


_COLUMNS = tuple(column.name for column in schema.api_keys.columns)
_FIND = f"SELECT {', '.join(_COLUMNS)} FROM api_keys WHERE hash = ? AND revoked_at IS NULL"  # noqa: S608 - our columns


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _info(values: Mapping[Any, Any]) -> KeyInfo:
    return KeyInfo(
        id=values["id"],
        name=values["name"],
        prefix=values["prefix"],
        scopes=tuple(Scope(scope) for scope in values["scopes"].split()),
        created_at=from_us(values["created_at"]),
        revoked_at=None if values["revoked_at"] is None else from_us(values["revoked_at"]),
    )
