"""From what was sent to typed values: JSON bodies and query parameters. Knows no web framework."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

import msgspec
import msgspec.inspect

from gateway.api.problems import Code, Problem, invalid
from gateway.api.shapes import PATTERNS
from normalizer.codec import decoder

T = TypeVar("T")
_JSON = re.compile(r"application/(?:[\w.+-]+\+)?json", re.ASCII | re.IGNORECASE)
_UNFIT = {f"Expected `str` matching regex {pattern!r}": said for pattern, said in PATTERNS.items()}
_PLACED = re.compile(r"(?P<message>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?", re.DOTALL)


def read_json(content_type: str | None, body: bytes, kind: Any) -> Any:
    """The typed value of a JSON body. Raises Problem: 415, 400 for what is no JSON, 422 for a wrong shape.

    A body without any content type is taken for JSON.
    """
    if content_type and not _JSON.fullmatch(content_type.partition(";")[0].strip()):
        raise Problem(415, Code.UNSUPPORTED_MEDIA_TYPE, "send application/json")
    try:
        return decoder(kind).decode(body)
    except msgspec.ValidationError as error:
        raise _misshapen(error, kind) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(400, Code.MALFORMED, f"the body is no JSON: {error}") from error
    except RecursionError as error:
        raise Problem(400, Code.MALFORMED, "the body is nested too deeply") from error


def read_query(values: Mapping[str, str], kind: type[T]) -> T:
    """The typed value of query parameters; an empty one counts as absent. Raises Problem (422)."""
    given = {name: value for name, value in values.items() if value}
    known = kind.__struct_encode_fields__  # type: ignore[attr-defined]  # of every struct
    for name in given:
        if name not in known:
            nearest = get_close_matches(name, known, n=1)
            raise invalid(name, "there is no such parameter" + (f"; did you mean {nearest[0]}?" if nearest else ""))
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _misshapen(error, kind) from error


def _misshapen(error: msgspec.ValidationError, kind: Any) -> Problem:
    placed = _PLACED.fullmatch(str(error))
    assert placed is not None
    path, message = placed["path"] or "", placed["message"]
    message = _UNFIT.get(message, message)
    if message.startswith("Invalid enum value") and (choices := _choices(kind, path)):
        message = f"{message}; choose {', '.join(choices)}"
    return invalid(path, message)


def _choices(kind: Any, name: str) -> list[str]:
    """What a field of a struct may be, where that is one of a few words."""
    fields = msgspec.structs.fields(kind) if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else ()
    told = [msgspec.inspect.type_info(field.type) for field in fields if field.encode_name == name]
    kinds = [one for info in told for one in (info.types if isinstance(info, msgspec.inspect.UnionType) else (info,))]
    return [str(member.value) for one in kinds if isinstance(one, msgspec.inspect.EnumType) for member in one.cls]
