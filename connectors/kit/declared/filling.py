"""Settings within paths: for channels of which the operator tells what the provider's fields are called.

`{name}` in a path, a status or a code stands for a setting; no JMESPath expression has that form. Such a setting has a
default and no secret, and the declaration is filled in when a connector is made of it.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from connectors.kit.declared.language import Backfill, Channel, Receive, Refusal, Success

_NAME: Final = re.compile(r"\{(?P<name>[a-z][a-z0-9_]*)\}")


def filled(channel: Channel, settings: Mapping[str, Any]) -> Channel:
    """The declaration with its settings in it; itself, where it has none there. A setting without a value stays."""
    known = {name: value for name, value in settings.items() if _stands(channel, name) and value is not None}
    send = channel.send
    receive, success, error = (_filled(part, known) for part in (channel.receive, send.success, send.error))
    statuses, errors, name = (_filled(part, known) for part in (channel.statuses, channel.errors, send.id))
    backfill = _listing(channel.backfill, known)
    same = backfill == channel.backfill
    if same and (receive, success, error, statuses, errors, name) == tuple(map(msgspec.to_builtins, _parts(channel))):
        return channel
    sending = msgspec.structs.replace(
        send, id=name, success=msgspec.convert(success, Success), error=msgspec.convert(error, Refusal)
    )
    return msgspec.structs.replace(
        channel,
        receive=msgspec.convert(receive, Receive),
        statuses={status: tuple(words) for status, words in statuses.items()},
        errors={meaning: tuple(codes) for meaning, codes in errors.items()},
        send=sending,
        backfill=backfill,
    )


def _listing(backfill: Backfill | None, known: Mapping[str, Any]) -> Backfill | None:
    """The same of a list: its other texts are templates."""
    return backfill and msgspec.structs.replace(backfill, items=_text(backfill.items, known))


def _parts(channel: Channel) -> tuple[Any, ...]:
    send = channel.send
    return channel.receive, send.success, send.error, channel.statuses, channel.errors, send.id


def _stands(channel: Channel, name: str) -> bool:
    """Whether a setting may stand in a path."""
    return name in channel.settings and channel.settings[name].type == "text"


def _filled(part: Any, known: Mapping[str, Any]) -> Any:
    tree = msgspec.to_builtins(part)
    if isinstance(tree, dict):
        return {_text(str(key), known): _filled(value, known) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(_filled(value, known) for value in tree)
    return _text(tree, known) if isinstance(tree, str) else tree


def _text(text: str, known: Mapping[str, Any]) -> str:
    return _NAME.sub(lambda found: str(known.get(found["name"], found[0])), text)
