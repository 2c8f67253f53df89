"""Checks that `quality.yaml` says of a plugin what is so."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from connectors.kit.base import Backfills, Checks, Fetches, Polls, Registers
from connectors.kit.quality import QualityError, Standing, read_quality
from connectors.kit.testing.subject import Nonconforming, Subject
from normalizer.inbound import Inbound, ReadUpTo, StatusChanged
from normalizer.status import Status


def check_quality_says_what_is_so(subject: Subject) -> None:
    """What is done has something to show; what has something to show is not called needless."""
    try:
        lines = read_quality(subject.folder)
    except QualityError as error:
        raise Nonconforming(str(error)) from error
    for rule, shown in EVIDENCE.items():
        standing = lines[rule].standing
        if standing is Standing.DONE and not shown(subject):
            raise Nonconforming(f"quality.yaml says {rule} is done; neither abilities, capability nor fixtures show it")
        if standing is Standing.EXEMPT and shown(subject):
            raise Nonconforming(f"quality.yaml exempts {rule}, which the plugin has")


def _able(*abilities: type[Any]) -> Callable[[Subject], bool]:
    return lambda subject: any(issubclass(subject.plugin, ability) for ability in abilities)


def _comes(*kinds: str) -> Callable[[Subject], bool]:
    return lambda subject: bool(subject.info.capability.inbound & set(kinds))


def _media(subject: Subject) -> bool:
    return issubclass(subject.plugin, Fetches) or subject.info.capability.media is not None


def _edits(subject: Subject) -> bool:
    return subject.info.capability.edits or _comes("message_edited", "message_redacted")(subject)


def _reactions(subject: Subject) -> bool:
    return subject.info.capability.reactions is not None or _comes("reaction_changed")(subject)


def _typing(subject: Subject) -> bool:
    return subject.info.capability.typing or _comes("typing_changed")(subject)


def _read(subject: Subject) -> bool:
    return any(_says_read(item) for case in subject.fixtures.inbound for item in case.expected)


def _says_read(item: Inbound) -> bool:
    return isinstance(item, ReadUpTo) or (isinstance(item, StatusChanged) and item.status is Status.READ)


def _templates(subject: Subject) -> bool:
    return subject.plugin.info.capability.templates or subject.info.capability.templates


def _leaves(subject: Subject) -> bool:
    return any(case.ability == "send" for case in subject.fixtures.outbound)


EVIDENCE: Final[Mapping[str, Callable[[Subject], bool]]] = {
    "in": _comes("message_received", "call_changed"),
    "out": _leaves,
    "media": _media,
    "status": _comes("status_changed", "read_up_to"),
    "edits": _edits,
    "reactions": _reactions,
    "typing": _typing,
    "read": _read,
    "templates": _templates,
    "backfill": _able(Polls, Backfills),
    "check": _able(Checks),
    "register": _able(Registers),
}
"""What shows that a rule is kept. The suite itself shows `simulator`, and `docs` by the sections of the README."""
