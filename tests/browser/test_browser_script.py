"""What can be said of the script without a browser: its size, its texts, no way to make markup of words."""

import gzip
import re

from connectors.channels.chat import PAGE

MOST = 15 * 1024
SCRIPTS = sorted(PAGE.glob("*.js"))
IMPORT = re.compile(r'^import .*?"\./([\w.]+)";', re.MULTILINE)
SINKS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|\beval\b|new Function"
)


def loaded(name: str) -> set[str]:
    """A script and all that it cannot start without."""
    found, ahead = set(), {name}
    while ahead:
        found |= ahead
        ahead = {each for one in ahead for each in IMPORT.findall((PAGE / one).read_text())} - found
    return found


def packed(name: str) -> int:
    return len(gzip.compress((PAGE / name).read_bytes(), mtime=0))


def languages() -> dict[str, list[str]]:
    files = PAGE.glob("texts.*.js")
    texts = {path.name.split(".")[1]: re.fullmatch(r"export default `(.*)`;\n", path.read_text()) for path in files}
    return {name: found[1].split("|") for name, found in texts.items() if found}


def test_the_script_and_its_texts_are_small() -> None:
    """Each file is packed by itself, as a browser gets it. What comes with the first file or card is not counted."""
    script = sum(packed(name) for name in loaded("chat.js"))
    assert loaded("chat.js") == {"chat.js", "composer.js", "log.js", "memory.js", "texts.js", "wire.js"}
    assert {name: size for name in languages() if (size := script + packed(f"texts.{name}.js")) > MOST} == {}


def test_every_language_says_everything() -> None:
    texts = languages()
    keys = re.search(r"const KEYS =\n(.*?);", (PAGE / "texts.js").read_text(), re.DOTALL)
    assert keys
    count = len(" ".join(re.findall(r'"([^"]*)"', keys[1])).split())
    assert set(texts) == {"ar", "de", "en", "es", "fr", "ms", "pt", "zh"}
    assert {name: len(said) for name, said in texts.items()} == dict.fromkeys(texts, count)
    blanks = {name: [n for n, text in enumerate(said) if "{}" in text] for name, said in texts.items()}
    assert blanks == dict.fromkeys(texts, blanks["en"])


def test_nothing_in_it_makes_markup_of_words() -> None:
    assert [path.name for path in SCRIPTS if SINKS.search(path.read_text())] == []


def test_the_page_has_nothing_inline() -> None:
    page = (PAGE / "index.html").read_text()
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=", page) == []
