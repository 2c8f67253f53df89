"""From plain values to a subscription as the file would have it, by the same rules: for those made beside the file."""

import secrets
from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec

from gateway.settings.model import Settings
from gateway.settings.problems import nearest
from gateway.settings.subscribing import (
    SubscriptionEntry,
    command_scopes,
    event_type,
    new_secret,
    signing_secret,
    webhook_url,
)

READ: Mapping[str, Callable[[Any], Any]] = {
    "webhook": webhook_url,
    "secret": signing_secret,
    "previous_secret": signing_secret,
    "commands": command_scopes,
}


class Misdefined(ValueError):
    """It cannot be so; `path` says where, and is empty for the whole."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.path = path
        self.message = message


def made(values: Mapping[str, Any], settings: Settings) -> tuple[SubscriptionEntry, str | None]:
    """A new entry of the values of its fields, and the secret where one had to be made. Raises Misdefined."""
    secret = None
    if values.get("webhook") is not None and values.get("secret") is None:
        secret = new_secret(secrets.token_bytes(32)).reveal()
    return _entry({**values, **({"secret": secret} if secret else {})}, {}, settings), secret


def changed(before: SubscriptionEntry, given: Mapping[str, Any], settings: Settings) -> SubscriptionEntry:
    """The entry with some fields anew. With a new secret the one before signs too. Raises Misdefined."""
    kept = {name: getattr(before, name) for name in before.__struct_fields__ if name not in given}
    if given.get("secret") and "previous_secret" not in given:
        kept["previous_secret"] = before.secret
    if "webhook" in given and given["webhook"] is None:
        kept |= dict.fromkeys({"secret", "previous_secret"} - set(given))
    return _entry(given, kept, settings)


def _entry(given: Mapping[str, Any], kept: Mapping[str, Any], settings: Settings) -> SubscriptionEntry:
    values = {name: _read(name, value) for name, value in given.items()}
    for index, type_ in enumerate(values.get("types", ())):
        _try(event_type, f"types[{index}]", type_)
    for what, key, known in (
        ("connector", "connectors", settings.connectors),
        ("inbox", "inboxes", settings.inboxes),
    ):
        for index, name in enumerate(values.get(key, ())):
            _must_exist(what, f"{key}[{index}]", name, known)
    try:
        return SubscriptionEntry(**{**kept, **values})
    except ValueError as error:
        raise Misdefined("", str(error)) from error


def _read(name: str, value: Any) -> Any:
    read = READ.get(name)
    return value if read is None or value is None else _try(read, name, msgspec.to_builtins(value))


def _try(read: Callable[[Any], Any], path: str, value: Any) -> Any:
    try:
        return read(value)
    except ValueError as error:
        raise Misdefined(path, str(error)) from error


def _must_exist(what: str, path: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        meant = nearest(name, known)
        raise Misdefined(path, f"there is no {what} {name!r}" + (f"; did you mean {meant!r}?" if meant else ""))
