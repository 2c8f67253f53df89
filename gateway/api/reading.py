"""From what was sent to typed values: JSON bodies and query parameters. Knows no web framework."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from gateway.api.problems import Code, Problem, Wrong
from normalizer.codec import decoder

T = TypeVar("T")
_JSON = re.compile(r"application/(?:[\w.+-]+\+)?json", re.ASCII | re.IGNORECASE)
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
        raise _misshapen(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(400, Code.MALFORMED, f"the body is no JSON: {error}") from error
    except RecursionError as error:
        raise Problem(400, Code.MALFORMED, "the body is nested too deeply") from error


def read_query(values: Mapping[str, str], kind: type[T]) -> T:
    """The typed value of query parameters; an empty one counts as absent. Raises Problem (422)."""
    try:
        return msgspec.convert({name: value for name, value in values.items() if value}, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _misshapen(error) from error


def _misshapen(error: msgspec.ValidationError) -> Problem:
    placed = _PLACED.fullmatch(str(error))
    assert placed is not None
    path, message = placed["path"] or "", placed["message"]
    return Problem(422, Code.INVALID, f"{path}: {message}" if path else message, errors=[Wrong(path, message)])
