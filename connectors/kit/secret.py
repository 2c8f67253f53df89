"""Secrets that show themselves to nobody who did not ask."""

import hmac


class Secret:
    """A string that prints as `***`. `reveal()` is the only way to its text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def matches(self, presented: str | None) -> bool:
        """Compares in constant time; nothing presented never matches."""
        return presented is not None and hmac.compare_digest(
            self._text.encode(), presented.encode("utf-8", "surrogatepass")
        )

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __reduce__(self) -> str:
        raise TypeError("a Secret is not serialised")
