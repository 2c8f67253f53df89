"""What a provider sent and is passed on unread: not nested deeper than whoever reads it would expect."""

from typing import Any, TypeVar

from connectors.kit.errors import BadPayload

T = TypeVar("T")


def bounded(tree: T, deepest: int) -> T:
    """The tree itself, if it has no more levels than that. Raises BadPayload."""
    level: list[Any] = [tree]
    for _ in range(deepest):
        level = [inner for value in level for inner in within(value)]
        if not level:
            return tree
    raise BadPayload("nested too deeply")


def within(value: Any) -> list[Any]:
    """What stands directly in it."""
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list) else []
