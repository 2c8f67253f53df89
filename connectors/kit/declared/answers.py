"""What answers of a provider say: their code, their words, and what to do next."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from connectors.kit.declared import xml_tree
from connectors.kit.declared.fields import optional
from connectors.kit.declared.language import Send
from connectors.kit.declared.meanings import BY_STATUS, UNKNOWN, Codes, Meaning
from connectors.kit.declared.misworded import Misworded
from connectors.kit.declared.paths import Path, bounded
from connectors.kit.errors import BadPayload, KitError, OutcomeUnknown, Temporary
from connectors.kit.http import Answer
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

LONGEST: Final = 300
"""Characters of a provider's words that are kept."""
MOST_TEXT: Final = 2000
"""Characters of an answer that a pattern looks at."""
_SECONDS: Final = re.compile(r"[0-9]{1,6}", re.ASCII)
_ANY: Final = msgspec.json.Decoder(Any)


class Answers:
    """Those to sends. Raises ValueError where the declaration cannot work."""

    def __init__(self, send: Send, errors: Mapping[str, Sequence[str | int]]) -> None:
        self._answer, self._wait = send.answer, send.error.wait
        self._pattern = _pattern(send)
        self._codes_at, self._words_at = [
            [Path(each) for each in paths] for paths in (send.error.code, send.error.text)
        ]
        self._codes = Codes(errors)
        self._template_codes = Codes(send.template.errors if send.template is not None else {})

    def tree(self, answer: Answer) -> Any:
        """The answer to look at; None where it does not read as declared."""
        if self._answer == "text":
            text = answer.body.decode("utf-8", "replace")
            found = self._pattern.search(text[:MOST_TEXT]) if self._pattern is not None else None
            return {**(found.groupdict() if found else {}), "text": text}
        try:
            return bounded(xml_tree.read(answer.body) if self._answer == "xml" else decode(answer.body, _ANY))
        except BadPayload:
            return None

    def code(self, answer: Answer) -> str | None:
        return first_word(self._codes_at, self.tree(answer))

    def refusal(self, answer: Answer, tree: Any, *, of_template: bool) -> KitError:
        """What an answer that is no success stands for; of a message by a template, codes may mean something else."""
        code = first_word(self._codes_at, tree)
        detail = (first_word(self._words_at, tree) or "")[:LONGEST] or f"HTTP status {answer.status}"
        told = code or str(answer.status)
        meaning = (self._template_codes.meaning(code) if of_template else None) or self._codes.meaning(code)
        if meaning is None and (not 200 <= answer.status < 500 or (answer.status < 300 and code is None)):
            return OutcomeUnknown(detail, code=ErrorCode.PROVIDER_DOWN, provider_code=told)
        meaning = meaning or BY_STATUS.get(answer.status, UNKNOWN)
        if answer.status == 429 and meaning.error is not Temporary:
            meaning = BY_STATUS[429]
        return self._raised(meaning, detail, told, answer)

    def _raised(self, meaning: Meaning, detail: str, told: str, answer: Answer) -> KitError:
        if meaning.error is Temporary:
            limited = meaning.code is ErrorCode.RATE_LIMITED
            wait = _wait(answer.headers.get("retry-after"), self._wait if limited else None)
            return Temporary(detail, retry_after=wait, code=meaning.code, provider_code=told)
        return meaning.error(detail, code=meaning.code, provider_code=told)


def first_word(paths: Sequence[Path], tree: Any) -> str | None:
    """What the first of the paths finds that leads to a word."""
    for path in paths:
        try:
            found = optional(path(tree), "a word") if tree is not None else None
        except BadPayload:
            continue
        if found is not None:
            return found
    return None


def _pattern(send: Send) -> re.Pattern[str] | None:
    """Raises Misworded."""
    if send.pattern is None:
        return None
    if send.answer != "text":
        raise Misworded("a pattern is for an answer that is text", send.pattern)
    try:
        return re.compile(send.pattern)
    except re.error as error:
        raise Misworded("no regular expression", send.pattern) from error


def _wait(header: str | None, otherwise: float | None) -> float | None:
    """Seconds to wait, at least one: what is told to come again at once would never stop coming."""
    return max(float(header), 1.0) if header is not None and _SECONDS.fullmatch(header) else otherwise
