"""What can be said of the script without a browser: its size, its texts, no way to make markup of words."""

import gzip
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from connectors.channels.chat import PAGE
from gateway.web.chat.script import modules, script
from tests.chat.talk import chatting

MOST = 15 * 1024
MORE = 6 * 1024
"""What a page loads besides where its hub has notifications, once its user may want them."""
LATER = ("notify.js", "worker.js")
SCRIPTS = sorted(PAGE.glob("*.js"))
LANGUAGES = {"ar", "de", "en", "es", "fr", "ms", "pt", "zh"}
TEXTS = {f"texts.{language}.js" for language in LANGUAGES}
IMPORT = re.compile(r'^import \{ [\w, ]+ \} from "\./[\w.]+";$|^import "\./[\w.]+";$')
NAMED = re.compile(r"^(?:export )?(?:async )?(?:const|let|var|function|class) (\w+)", re.MULTILINE)
SINKS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|\beval\b|new Function"
)


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with chatting(tmp_path_factory.mktemp("hub")) as served:
        yield f"{served.url}/chat/app/"


@pytest.fixture
def got(chat: str) -> Callable[[str], bytes]:
    """What the hub sends of a file to a browser, as it goes over the wire."""

    def get(name: str) -> bytes:
        asked = {"Accept-Encoding": "gzip, deflate, br, zstd"}
        with requests.get(f"{chat}{name}", headers=asked, stream=True, timeout=10) as answer:
            assert (answer.status_code, answer.headers["content-encoding"]) == (200, "gzip")
            return bytes(answer.raw.read(decode_content=False))

    return get


@pytest.mark.parametrize("entry", ["chat.js", "page.js"])
def test_all_that_a_page_can_ever_load_is_small(got: Callable[[str], bytes], entry: str) -> None:
    """A website loads `chat.js`, the hub's own page `page.js`; either with the texts of one language, and no more."""
    loaded = got(entry)
    assert re.findall(rb"\bimport\b[^.].{9}", gzip.decompress(loaded)) == [b"import(`./texts.", b'import("./notify']
    sizes = {name: len(loaded) + len(got(name)) for name in TEXTS}
    assert {name: size for name, size in sizes.items() if size > MOST} == {}


def test_what_notifications_need_besides_is_small(got: Callable[[str], bytes]) -> None:
    scripts = [got(name) for name in LATER]
    assert [re.findall(rb"\bimport\b", gzip.decompress(each)) for each in scripts] == [[], []]
    assert sum(map(len, scripts)) <= MORE


def test_the_worker_may_ask_the_hub_and_nobody_else(chat: str) -> None:
    policy = requests.get(f"{chat}worker.js", timeout=10).headers["content-security-policy"]
    assert policy.startswith(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' http://127.0.0.1"
    )
    assert "content-security-policy" not in requests.get(f"{chat}notify.js", timeout=10).headers


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [("gzip", True), ("br;q=1, GZIP;q=0.5", True), ("identity", False), ("gzip;q=0, br", False), ("*", False)],
)
def test_it_is_packed_for_who_takes_it_and_not_sent_again(chat: str, accepted: str, packed: bool) -> None:
    asked = {"Accept-Encoding": accepted}
    first = requests.get(f"{chat}chat.js", headers=asked, timeout=10)
    assert first.headers.get("content-encoding") == ("gzip" if packed else None)
    assert first.content == script(PAGE / "chat.js")
    assert (first.headers["vary"], first.headers["cache-control"]) == ("accept-encoding", "no-cache")
    again = requests.get(f"{chat}chat.js", headers={**asked, "If-None-Match": first.headers["etag"]}, timeout=10)
    assert (again.status_code, again.content) == (304, b"")
    other = {"Accept-Encoding": "identity" if packed else "gzip", "If-None-Match": first.headers["etag"]}
    assert requests.get(f"{chat}chat.js", headers=other, timeout=10).status_code == 200


def test_every_script_is_loaded() -> None:
    """What is counted above is all there is."""
    entries = ("page.js", *LATER)
    assert {path.name for entry in entries for path in modules(PAGE / entry)} | TEXTS == {path.name for path in SCRIPTS}


def test_what_is_sent_is_what_stands_there_without_comments(tmp_path: Path) -> None:
    one = '// A module.\n\nimport { two } from "./two.js";\n\nexport const one = () => two(`a  // b`);\n'
    (tmp_path / "one.js").write_text(one)
    two = "/** Says it\n * twice. */\nexport function two(text) {\n  return text + text;\n}\n"
    (tmp_path / "two.js").write_text(two)
    assert script(tmp_path / "one.js") == (
        b"function two(text){return text+text;}\nexport const one=()=>two(`a  // b`);"
    )


@pytest.mark.parametrize("entry", ["page.js", *LATER])
def test_the_modules_can_be_joined(entry: str) -> None:
    """They do not share a name, import nothing under another one, and export nothing without one."""
    for path in SCRIPTS:
        lines = path.read_text().splitlines()
        assert [line for line in lines if line.startswith("import") and not IMPORT.match(line)] == []
        assert [line for line in lines if line.startswith(("export {", "export *"))] == []
    joined = modules(PAGE / entry)
    assert [path.name for path in joined if "\nexport default" in path.read_text()] == []
    names = Counter(name for path in joined for name in NAMED.findall(path.read_text()))
    assert [name for name, count in names.items() if count > 1] == []
    order = [path.name for path in joined]
    needed = {path.name: [each.name for each in modules(path)] for path in joined}
    assert all(order.index(each) <= order.index(name) for name, before in needed.items() for each in before)


def languages() -> dict[str, list[str]]:
    texts = {name: re.fullmatch(r"export default `(.*)`;\n", (PAGE / name).read_text()) for name in TEXTS}
    return {name: found[1].split("|") for name, found in texts.items() if found}


def test_every_language_says_everything() -> None:
    texts = languages()
    keys = re.search(r"const KEYS =\n(.*?);", (PAGE / "texts.js").read_text(), re.DOTALL)
    assert keys
    count = len(" ".join(re.findall(r'"([^"]*)"', keys[1])).split())
    assert {name: len(said) for name, said in texts.items()} == dict.fromkeys(TEXTS, count)
    assert [name for name, said in texts.items() if not all(said)] == []
    blanks = {name: [n for n, text in enumerate(said) if "{}" in text] for name, said in texts.items()}
    assert blanks == dict.fromkeys(texts, blanks["texts.en.js"])


def test_every_language_says_everything_of_notifications() -> None:
    text = (PAGE / "notify.texts.js").read_text()
    keys = re.search(r'const WORDS = "(.*)";', text)
    assert keys
    said = {name: told.split("|") for name, told in re.findall(r'^  (\w\w): "(.*)",$', text, re.MULTILINE)}
    assert {name: len(words) for name, words in said.items()} == dict.fromkeys(LANGUAGES, len(keys[1].split()))
    assert [name for name, words in said.items() if not all(words)] == []


def test_nothing_in_it_makes_markup_of_words() -> None:
    assert [path.name for path in SCRIPTS if SINKS.search(path.read_text())] == []


def test_the_page_has_nothing_inline() -> None:
    page = (PAGE / "index.html").read_text()
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=", page) == []
