"""What is no whole backup is refused with its reason, and leaves an empty store and no file behind."""

import gzip
import io
import tarfile
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.backup.checking import Nowhere, check
from gateway.backup.layout import MOST_PAGE, Damaged, Newer
from gateway.backup.restoring import NotEmpty
from gateway.files import Files
from gateway.store import revisions
from gateway.store.engine import open_store
from tests.backup.conftest import Target, taken
from tests.send.conftest import Desk

Part = tuple[tarfile.TarInfo, bytes]
Parts = list[Part]


def parts_of(archive: bytes) -> Parts:
    with tarfile.open(fileobj=BytesIO(archive)) as tar:
        return [(info, tar.extractfile(info).read()) for info in tar]  # type: ignore[union-attr]  # all are files


def joined(parts: Parts, format_: int = tarfile.GNU_FORMAT) -> bytes:
    out = BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format_) as tar:
        for info, octets in parts:
            if info.isreg():
                info.size = len(octets)
            tar.addfile(info, BytesIO(octets))
    return out.getvalue()


def part(name: str, octets: bytes = b"", type_: bytes = tarfile.REGTYPE, link: str = "") -> Part:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = type_, link
    return info, octets


def at(parts: Parts, beginning: str) -> int:
    return next(n for n, (info, _) in enumerate(parts) if info.name.startswith(beginning))


def changed(name: str, change: Callable[[bytes], bytes]) -> Callable[[Parts], None]:
    def apply(parts: Parts) -> None:
        n = at(parts, name)
        parts[n] = (parts[n][0], change(parts[n][1]))

    return apply


def inserted(where: str, *new: Part) -> Callable[[Parts], None]:
    def apply(parts: Parts) -> None:
        n = at(parts, where)
        parts[n:n] = new

    return apply


def without(name: str) -> Callable[[Parts], None]:
    def apply(parts: Parts) -> None:
        del parts[at(parts, name)]

    return apply


def twice(name: str) -> Callable[[Parts], None]:
    def apply(parts: Parts) -> None:
        n = at(parts, name)
        info, octets = parts[n]
        parts[n:n] = [part(info.name, octets)]

    return apply


def swapped(parts: Parts) -> None:
    parts[0], parts[1] = parts[1], parts[0]


def appended(*new: Part) -> Callable[[Parts], None]:
    return lambda parts: parts.extend(new)


def json(**fields: Any) -> Callable[[bytes], bytes]:
    return lambda octets: msgspec.json.encode({**msgspec.json.decode(octets), **fields})


def rows(change: Callable[[list[list[Any]]], object]) -> Callable[[bytes], bytes]:
    def apply(octets: bytes) -> bytes:
        found = [msgspec.json.decode(line) for line in gzip.decompress(octets).splitlines()]
        change(found)
        return gzip.compress(b"".join(msgspec.json.encode(row) + b"\n" for row in found))

    return apply


EVENTS = "tables/events/"
CONTACTS = "tables/contacts/"
OTHER = sha256(b"other").hexdigest()
DAMAGES: dict[str, tuple[Callable[[Parts], None], str]] = {
    "nothing in it": (lambda parts: parts.clear(), "it has no manifest|it is no backup|ends too early"),
    "a folder": (inserted("manifest", part("files/", type_=tarfile.DIRTYPE)), "is no plain file"),
    "a link": (
        inserted("manifest", part(f"files/{OTHER}", type_=tarfile.SYMTYPE, link="/etc/passwd")),
        "no plain file",
    ),
    "a hard link": (inserted("manifest", part(f"files/{OTHER}", type_=tarfile.LNKTYPE, link="x")), "is no plain file"),
    "a device": (inserted("manifest", part(f"files/{OTHER}", type_=tarfile.CHRTYPE)), "is no plain file"),
    "a sparse file": (inserted("manifest", part(f"files/{OTHER}", type_=tarfile.GNUTYPE_SPARSE)), "is no plain file"),
    "a long name": (inserted("manifest", part("files/" + "a" * 300, b"x")), "is no plain file"),
    "a path out of it": (inserted("manifest", part("files/../../evil", b"x")), "stands where it does not belong"),
    "an absolute path": (inserted("manifest", part("/tmp/evil", b"x")), "stands where it does not belong"),  # noqa: S108
    "a path of tables": (inserted("tables/", part("tables/../x/00000001.jsonl.gz")), "stands where it does not belong"),
    "a table of nobody's": (inserted("tables/", part("tables/evil/00000001.jsonl.gz")), "where it does not belong"),
    "a file nobody names": (inserted("manifest", part(f"files/{OTHER}", b"other")), "no row names the file"),
    "a file twice": (twice("files/"), "no row names the file|or it stands there twice"),
    "a page twice": (twice(EVENTS), "stands where it does not belong, or twice"),
    "two headers": (twice("header"), "stands where it does not belong, or twice"),
    "two manifests": (twice("manifest"), "after its manifest something stands"),
    "something after it": (appended(part("more", b"x")), "after its manifest something stands"),
    "no header": (without("header"), "no backup of a hub"),
    "not in order": (swapped, "no backup of a hub"),
    "no manifest": (without("manifest"), "it has no manifest: it was cut off"),
    "no page": (without(EVENTS), "its rows are not those"),
    "a file missing": (without("files/"), "its files are not those|is missing in it"),
    "another header": (changed("header", lambda _: b'{"format": "something", "version": 1}'), "no backup of a hub"),
    "no JSON": (changed("header", lambda _: b"\xff\xfe"), "header.json cannot be read"),
    "deep JSON": (changed("header", lambda _: b"[" * 100_000), "header.json cannot be read"),
    "a wrong type": (changed("header", json(tables=[1])), "header.json cannot be read"),
    "an evil table": (changed("header", json(tables={'a"; DROP': [["x", "text"]]})), "tables that cannot be"),
    "a huge header": (changed("header", lambda octets: octets + b" " * (17 << 20)), "at the most"),
    "a bomb": (changed(EVENTS, lambda _: gzip.compress(bytes(MOST_PAGE + 1), 1)), "holds more than"),
    "two pages in one": (changed(EVENTS, lambda octets: octets + octets), "holds more than one page"),
    "half a page": (changed(EVENTS, lambda octets: octets[:-9]), "ends too early"),
    "no gzip": (changed(EVENTS, lambda _: b"rows"), "cannot be unpacked"),
    "a row too many": (changed(EVENTS, rows(lambda found: found.append([9999, *found[-1][1:]]))), "its rows are not"),
    "a row too few": (changed(CONTACTS, rows(lambda found: found.pop())), "its rows are not those"),
    "another word": (changed(CONTACTS, rows(lambda found: found[0].__setitem__(1, "eA=="))), "its rows are not those"),
    "no order": (changed(EVENTS, rows(lambda found: found.reverse())), "not in the order of their positions"),
    "no position": (changed(EVENTS, rows(lambda found: found[0].__setitem__(0, None))), "not in the order"),
    "a wrong column": (changed(CONTACTS, rows(lambda found: found[0].__setitem__(0, 5))), "a row of 'contacts' cannot"),
    "no base64": (changed(CONTACTS, rows(lambda found: found[0].__setitem__(1, "=x"))), "a row of 'contacts' cannot"),
    "a huge number": (
        changed(EVENTS, rows(lambda found: found[0].__setitem__(0, 1 << 70))),
        "a row of 'events' cannot",
    ),
    "a short row": (changed(CONTACTS, rows(lambda found: found[0].pop())), "a row of 'contacts' cannot be read"),
    "a key twice": (
        changed(CONTACTS, rows(lambda found: found.append(found[0]))),
        "its rows are not|'contacts' cannot be",
    ),
    "a hash that is a path": (
        changed("tables/attachments/", rows(lambda found: found[0].__setitem__(5, "../../evil"))),
        "names a file by what is no hash",
    ),
    "another feed": (
        changed("manifest", json(feed={"events": 1, "newest": 1, "sha256": ""})),
        "its feed is not the one its manifest tells of",
    ),
    "another manifest": (changed("manifest", json(epoch="77")), "of another backup than its header"),
    "files said missing": (changed("manifest", json(missing=[OTHER])), "misses files that no row names"),
    "another file": (changed("files/", lambda octets: octets[::-1]), "files of it are damaged"),
}


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_refused_and_leaves_nothing(desk: Desk, target: Target, damage: str) -> None:
    change, reason = DAMAGES[damage]
    parts = parts_of(taken(desk.engine, desk.files))
    change(parts)
    archive = joined(parts)
    with pytest.raises(Damaged, match=reason):
        check(BytesIO(archive), Nowhere(), revisions.known)
    with pytest.raises(Damaged, match=reason):
        target.restore(archive)
    assert target.is_empty()


@pytest.mark.engine("postgresql")
@pytest.mark.parametrize(
    "damage", ["no header", "a wrong column", "a key twice", "no page", "another file", "no manifest"]
)
def test_a_database_stays_empty_wherever_the_damage_is(desk: Desk, target: Target, damage: str) -> None:
    change, reason = DAMAGES[damage]
    parts = parts_of(taken(desk.engine, desk.files))
    change(parts)
    with pytest.raises(Damaged, match=reason):
        target.restore(joined(parts))
    assert target.is_empty()


def test_the_same_parts_put_together_again_are_whole(desk: Desk, target: Target) -> None:
    target.restore(joined(parts_of(taken(desk.engine, desk.files))))
    assert not target.is_empty()


def test_extended_headers_are_not_even_read(desk: Desk, target: Target) -> None:
    parts = parts_of(taken(desk.engine, desk.files))
    parts[0][0].pax_headers = {"comment": "x" * 10_000}
    with pytest.raises(Damaged, match="is no plain file"):
        target.restore(joined(parts, tarfile.PAX_FORMAT))
    assert target.is_empty()


@pytest.mark.parametrize(("field", "value"), [("version", 2), ("schema", "9999")])
def test_what_a_newer_release_made_is_refused_as_such(desk: Desk, target: Target, field: str, value: Any) -> None:
    parts = parts_of(taken(desk.engine, desk.files))
    changed("header", json(**{field: value}))(parts)
    with pytest.raises(Newer, match="made by a newer release"):
        target.restore(joined(parts))
    assert target.is_empty()


def test_tables_that_the_schema_does_not_have_are_refused(desk: Desk, target: Target) -> None:
    parts = parts_of(taken(desk.engine, desk.files))
    tables = msgspec.json.decode(parts[0][1])["tables"]
    changed("header", json(tables={**tables, "evil": [["id", "text"]]}))(parts)
    with pytest.raises(Damaged, match="its tables are not those of the schema"):
        target.restore(joined(parts))
    assert target.is_empty()


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    desk = Desk(tmp_path_factory.mktemp("hub"))
    desk.say("how can I help?")
    try:
        return taken(desk.engine, desk.files)
    finally:
        desk.close()


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_wherever_it_is_cut_off_it_is_refused(archive: bytes, data: st.DataObject) -> None:
    content = len(archive.rstrip(b"\0"))
    end = data.draw(st.integers(0, content + 512))
    with pytest.raises(Damaged, match=r"ends too early|no manifest|no backup"):
        check(BytesIO(archive[:end]), Nowhere(), revisions.known)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_changed_octet_changes_what_it_says(archive: bytes, data: st.DataObject) -> None:
    at, bit = data.draw(st.integers(0, len(archive) - 1)), data.draw(st.integers(0, 7))
    other = bytearray(archive)
    other[at] ^= 1 << bit
    try:
        found = check(io.BytesIO(bytes(other)), Nowhere(), revisions.known)
    except (Damaged, Newer):
        return
    assert found == check(BytesIO(archive), Nowhere(), revisions.known)  # it was one between the files


@settings(max_examples=60)
@given(st.binary(max_size=2000))
def test_anything_else_is_no_backup(octets: bytes) -> None:
    with pytest.raises(Damaged):
        check(BytesIO(octets), Nowhere(), revisions.known)


def test_a_store_that_is_not_empty_is_not_touched(desk: Desk, tmp_path: Path) -> None:
    archive = taken(desk.engine, desk.files)
    target = Target(tmp_path / "new")
    target.restore(archive)
    before = target.rows("SELECT * FROM events")
    with pytest.raises(NotEmpty):
        target.restore(archive)
    assert target.rows("SELECT * FROM events") == before
    assert len(list(target.files.hashes())) == 1
    target.engine.dispose()


def test_a_schema_without_rows_is_something_too(desk: Desk, target: Target) -> None:
    open_store(str(target.engine.url)).dispose()
    with pytest.raises(NotEmpty):
        target.restore(taken(desk.engine, desk.files))


def test_files_that_were_there_before_a_failure_stay(desk: Desk, target: Target) -> None:
    mine = target.files.save([b"fish" * 1000], 1 << 20)
    parts = parts_of(taken(desk.engine, desk.files))
    without("manifest")(parts)
    with pytest.raises(Damaged):
        target.restore(joined(parts))
    assert list(Files(target.files.folder).hashes()) == [mine.sha256]
