from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from gateway.links import Links
from gateway.store.engine import open_store
from gateway.store.times import now

ID = "0199f3c0-0000-7000-8000-000000000001"
HUB = "https://hub.example.com"


@pytest.fixture(scope="module")
def links(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Links]:
    engine = open_store(f"sqlite:///{tmp_path_factory.mktemp('links') / 'hub.db'}")
    yield Links(engine, HUB)
    engine.dispose()


def taken_apart(link: str) -> tuple[str, str, str]:
    url = urlsplit(link)
    query = parse_qs(url.query, strict_parsing=True)
    assert sorted(query) == ["expires", "signature"]
    return url.path.removeprefix("/v1/attachments/"), query["expires"][0], query["signature"][0]


def test_a_link_opens_its_attachment_for_a_week(links: Links) -> None:
    link = links.link(ID)
    assert link.startswith(f"{HUB}/v1/attachments/{ID}?expires=")
    assert links.valid(*taken_apart(link), now())
    assert links.valid(*taken_apart(link), now() + timedelta(days=7, seconds=-2))
    assert not links.valid(*taken_apart(link), now() + timedelta(days=7, seconds=1))


def test_a_link_lasts_as_long_as_it_was_made_for(links: Links) -> None:
    parts = taken_apart(links.link(ID, seconds=60))
    assert links.valid(*parts, now() + timedelta(seconds=58))
    assert not links.valid(*parts, now() + timedelta(seconds=61))


@given(position=st.integers(0, 63), digit=st.sampled_from("0123456789abcdef"))
def test_a_signature_changed_anywhere_opens_nothing(links: Links, position: int, digit: str) -> None:
    id_, expires, signature = taken_apart(links.link(ID))
    changed = signature[:position] + digit + signature[position + 1 :]
    assert links.valid(id_, expires, changed, now()) == (changed == signature)


@given(id_=st.text(), expires=st.text(), signature=st.text())
def test_whatever_a_stranger_writes_opens_nothing_and_breaks_nothing(
    links: Links, id_: str, expires: str, signature: str
) -> None:
    assert not links.valid(id_, expires, signature, now())


def test_a_signature_holds_for_no_other_attachment_and_no_later_time(links: Links) -> None:
    id_, expires, signature = taken_apart(links.link(ID))
    assert not links.valid(id_[:-1] + "2", expires, signature, now())
    assert not links.valid(id_, str(int(expires) + 1), signature, now())
    assert not links.valid(id_, f"0{expires}", signature, now())
    assert not links.valid(id_, expires, "", now())


def test_at_a_new_address_links_are_made_by_the_same_secret_without_the_store(tmp_path: Path) -> None:
    engine = open_store(f"sqlite:///{tmp_path / 'hub.db'}")
    asked: list[str] = []
    before = Links(engine, HUB)
    event.listen(engine, "before_cursor_execute", lambda _c, _k, sql, *_: asked.append(sql))
    after = before.moved("https://new.example.com/prefix")
    assert after.link(ID).startswith(f"https://new.example.com/prefix/v1/attachments/{ID}?")
    assert after.valid(*taken_apart(before.link(ID)), now())
    assert asked == []
    engine.dispose()


def test_links_outlive_a_restart_and_hold_at_no_other_hub(tmp_path: Path) -> None:
    def hub(name: str) -> Links:
        engine = open_store(f"sqlite:///{tmp_path / name}")
        links = Links(engine, HUB)
        engine.dispose()
        return links

    parts = taken_apart(hub("one.db").link(ID))
    assert hub("one.db").valid(*parts, now())
    assert not hub("other.db").valid(*parts, now())
