"""Hypothesis strategies for any struct of the model, read off the structs themselves."""

from datetime import UTC
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from normalizer.capability import LEAST, TextLimit

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
# What tears: emoji sequences, flags, combining marks, jamo, line ends, full-width stops, spaces that do not break.
TRICKY = st.sampled_from(
    [
        "👩‍👩‍👧‍👦",
        "🇬🇧",
        "🇩🇪",
        "👍🏽",
        "e\u0301",
        "क्षि",
        "각",
        "\r\n",
        "\n\n",
        " ",
        "\u00a0",
        "。",
        "！」",
        "…",
        ". ",
        "你",
        "𝕏",
    ]
)
TEXT = st.lists(st.text(max_size=12) | TRICKY, max_size=40).map("".join)


def limits(most: int = 60) -> st.SearchStrategy[TextLimit]:
    return st.builds(TextLimit, most=st.integers(LEAST, most), unit=st.sampled_from(["code_points", "utf16", "octets"]))


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a type as the codec admits them."""
    return _of(inspect.type_info(kind))


def _of(info: inspect.Type) -> st.SearchStrategy[Any]:
    match info:
        case inspect.Metadata(type=inner):
            return _of(inner)
        case inspect.StructType(cls=cls) if cls is TextLimit:
            return limits()
        case inspect.StructType(cls=cls, fields=fields):
            return st.builds(cls, **{field.name: _of(field.type) for field in fields})
        case inspect.UnionType(types=kinds):
            return st.one_of([_of(inner) for inner in kinds])
        case inspect.VarTupleType(item_type=inner):
            return st.lists(_of(inner), max_size=3).map(tuple)
        case inspect.FrozenSetType(item_type=inner):
            return st.frozensets(_of(inner), max_size=3)
        case inspect.DictType(key_type=key, value_type=value):
            return st.dictionaries(_of(key), _of(value), max_size=3)
        case inspect.EnumType(cls=cls):
            return st.sampled_from(cls)
        case inspect.LiteralType(values=literals):
            return st.sampled_from(literals)
        case inspect.IntType(ge=least):
            return st.integers(least if least is not None else -(2**53), 2**53)
        case inspect.StrType(min_length=int(least), pattern=None):
            return st.text(min_size=least, max_size=20)
        case inspect.DateTimeType():
            return st.datetimes(timezones=st.just(UTC))
        case _:
            return PLAIN[type(info)]


PLAIN: dict[type[inspect.Type], st.SearchStrategy[Any]] = {
    inspect.StrType: st.text(max_size=20),
    inspect.BytesType: st.binary(max_size=20),
    inspect.FloatType: st.floats(allow_nan=False, allow_infinity=False),
    inspect.BoolType: st.booleans(),
    inspect.DateType: st.dates(),
    inspect.NoneType: st.none(),
    inspect.AnyType: JSON,
}


def replaced(value: Any, **changes: Any) -> Any:
    return msgspec.structs.replace(value, **changes)
