"""JMESPath expressions, compiled once and evaluated within bounds.

An expression has no loops of its own and always ends, so the size and the depth of what it looks at bound it. Source:
jmespath.org/specification.html (read 2026-11).
"""

from typing import Any, Final

import jmespath
from jmespath.exceptions import JMESPathError

from connectors.kit.declared.misworded import Misworded
from connectors.kit.errors import BadPayload
from connectors.kit.nested import within

LONGEST: Final = 500
"""Characters of an expression."""
MOST_VALUES: Final = 50_000
MOST_DEPTH: Final = 32


class Path:
    """One expression. Raises Misworded where it is none."""

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise Misworded(f"a path has at most {LONGEST} characters", text)
        try:
            self._compiled = jmespath.compile(text)
        except JMESPathError as error:
            first = str(error).splitlines()[0]
            raise Misworded(f"not a JMESPath expression: {first}", text) from error

    def __call__(self, tree: Any) -> Any:
        """What the expression finds; None where it leads nowhere. Raises BadPayload."""
        try:
            return self._compiled.search(tree)
        except (JMESPathError, ValueError, TypeError, AttributeError, OverflowError) as error:
            raise BadPayload(f"a path that does not fit what came: {type(error).__name__}") from None

    def holds(self, tree: Any) -> bool:
        """Whether something is found there: not null, false, empty text or an empty list. Raises BadPayload."""
        found = self(tree)
        return found is not None and found is not False and found != "" and found != [] and found != {}


def bounded(tree: Any) -> Any:
    """The tree, if it is neither too large nor too deep to be looked at. Raises BadPayload."""
    level, seen = [tree], 0
    for _ in range(MOST_DEPTH):
        seen += len(level)
        if seen > MOST_VALUES:
            raise BadPayload(f"more than {MOST_VALUES} values")
        level = [inner for value in level for inner in within(value)]
        if not level:
            return tree
    raise BadPayload(f"nested deeper than {MOST_DEPTH}")
