"""`onethread backup` and `onethread restore`: the store and its files as one archive, and a store made of it again."""

import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.options import DEFAULT_CONFIG, Config, Json, load_settings
from gateway.cli.output import Exit, Failure, show

if TYPE_CHECKING:
    from gateway.arrival import Place
    from gateway.backup.layout import Manifest
    from gateway.backup.restoring import Restored
    from gateway.settings import Settings

STANDARD = "-"
SHOWN = 3
"""Names of lost files in a sentence."""


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE|-", help="The archive; - is standard output, or input.")],
    verify: Annotated[
        bool, typer.Option("--verify", help="Only check an archive: every row, file and checksum of it.")
    ] = False,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Back up the store and its files, beside a running hub or without one. Overwrites nothing. What is written holds
    secrets and whatever customers wrote.

    Exit codes: 1 it is not whole, or files that the store names are missing or damaged; 74 the store cannot be read.
    With - the summary goes to standard error.
    """
    if verify:
        manifest = _checked(file)
        show(_summary(file, manifest), as_json=as_json, plain=f"{file} is whole: {_counted(manifest)}")
        return
    manifest = _taken(load_settings(config), file)
    plain = f"{file}: {_counted(manifest)}"
    if str(file) == STANDARD:
        with _on_standard_error():
            show(_summary(file, manifest), as_json=as_json, plain=plain)
    else:
        show(_summary(file, manifest), as_json=as_json, plain=plain)
    if lost := [*manifest.missing, *manifest.damaged]:
        names = ", ".join(lost[:SHOWN]) + (" …" if len(lost) > SHOWN else "")
        raise Failure(f"the backup is written, but files that the store names are missing or damaged: {names}")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE|-", help="The archive; - is standard input.")],
    send: Annotated[
        bool,
        typer.Option(
            "--send",
            help="Send what was queued: nothing was sent since the backup, as when a hub that was stopped moves.",
        ),
    ] = False,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Fill an empty store and its folder of files from a backup, and begin a new epoch of the feed. Without --send,
    deliveries that may have been sent since are uncertain.

    Exit codes: 1 the archive is damaged, or of a newer release; 74 the store is not empty, or cannot be used; 75 a hub
    runs on it. Whatever fails, the store stays empty.
    """
    settings = load_settings(config)
    restored = _restored(settings, file, send=send)
    manifest = restored.manifest
    plain = [
        f"restored: {_counted(manifest)}",
        f"the feed goes on at position {restored.epoch}; readers beyond {restored.kept} are told 410",
    ]
    if restored.uncertain:
        plain.append(f"uncertain: {restored.uncertain}; see `onethread deliveries list --status uncertain`")
    more = {"restored_to": restored.epoch, "kept": restored.kept, "uncertain": restored.uncertain}
    show(_summary(file, manifest) | more, as_json=as_json, plain="\n".join(plain))


def _counted(manifest: "Manifest") -> str:
    rows = sum(table.rows for table in manifest.rows.values())
    counted = (
        f"{rows} rows, {manifest.feed.events} events, {manifest.files.count} files as of {manifest.taken_at:%F %T} UTC"
    )
    lost = len(manifest.missing) + len(manifest.damaged)
    return f"{counted}; {lost} files were missing or damaged then" if lost else counted


def _summary(file: Path, manifest: "Manifest") -> dict[str, Any]:
    return {
        "file": file,
        "taken_at": manifest.taken_at,
        "schema": manifest.schema,
        "epoch": manifest.epoch,
        "rows": sum(table.rows for table in manifest.rows.values()),
        "feed": manifest.feed,
        "files": manifest.files,
        "missing": manifest.missing,
        "damaged": manifest.damaged,
    }


def _taken(settings: "Settings", file: Path) -> "Manifest":
    from gateway.backup.layout import Newer
    from gateway.backup.taking import Beyond, NothingThere, take
    from gateway.files import Files
    from gateway.store.engine import shown
    from gateway.store.portable import is_there

    if not is_there(settings.store_url):
        raise Failure(f"there is no store {shown(settings.store_url)}: there is nothing to back up", Exit.STORE)
    with _store(settings) as engine, _written(file) as out:
        try:
            return take(engine, Files(settings.files), out)
        except (NothingThere, Newer) as error:
            raise Failure(str(error), Exit.STORE) from error
        except Beyond as error:
            raise Failure(str(error)) from error


def _checked(file: Path) -> "Manifest":
    from gateway.backup.checking import Nowhere, check
    from gateway.store.revisions import known

    with _read(file) as stream:
        return check(stream, Nowhere(), known)


def _restored(settings: "Settings", file: Path, *, send: bool) -> "Restored":
    from gateway.alone import AlreadyServed, alone
    from gateway.backup.restoring import NotEmpty, restore
    from gateway.files import Files
    from gateway.store.engine import shown

    places = _places(settings)
    try:
        with _read(file) as stream, _store(settings) as engine, alone(settings.store_url):
            return restore(engine, Files(settings.files), stream, places, send=send)
    except NotEmpty as error:
        name, remedy = shown(settings.store_url), "move it away, or name an empty one in the configuration"
        raise Failure(f"the store {name} is not empty: {remedy}", Exit.STORE) from error
    except AlreadyServed as error:
        raise Failure(f"{error}; stop it first", Exit.TEMPORARY) from error


def _places(settings: "Settings") -> "dict[str, Place]":
    from gateway.live import bring_up

    return {name: bring_up(settings, one, keep=lambda _: None).place for name, one in settings.connectors.items()}


@contextmanager
def _store(settings: "Settings") -> Iterator[Any]:
    """An engine, whatever schema the store has. Raises Failure."""
    from sqlalchemy.exc import DBAPIError

    from gateway.store.engine import StoreUnavailable, connect, shown
    from gateway.store.session import StoreTrouble, sentence

    engine = connect(settings.store_url)
    try:
        yield engine
    except StoreUnavailable as error:
        raise Failure(str(error), Exit.STORE) from error
    except (DBAPIError, StoreTrouble, sqlite3.Error) as error:
        name = shown(settings.store_url)
        raise Failure(f"the store {name} cannot be used: {sentence(error)}", Exit.STORE) from error
    finally:
        engine.dispose()


@contextmanager
def _written(file: Path) -> Iterator[IO[bytes]]:
    """For its owner only, and under its name once it is whole. Raises Failure."""
    from gateway.files import sync

    if str(file) == STANDARD:
        if sys.stdout.isatty():
            raise Failure("an archive is nothing for a terminal: redirect it, or name a file", Exit.USAGE)
        try:
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        except OSError as error:
            raise Failure(f"the archive could not be written: {error.strerror}") from error
        return
    if file.exists():
        raise Failure(f"{file} is there already; a backup overwrites nothing", Exit.USAGE)
    try:
        with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", suffix=".coming") as coming:
            yield coming.file
            coming.flush()
            os.fsync(coming.fileno())
            os.link(coming.name, file)
        sync(file.parent)
    except FileExistsError as error:
        raise Failure(f"{file} is there already; a backup overwrites nothing", Exit.USAGE) from error
    except OSError as error:
        raise Failure(f"{file} could not be written: {error.strerror}") from error


@contextmanager
def _read(file: Path) -> Iterator[IO[bytes]]:
    """Raises Failure, also for what is wrong with the archive."""
    from gateway.backup.layout import Damaged, Newer

    try:
        opened = sys.stdin.buffer if str(file) == STANDARD else file.open("rb")
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}") from error
    try:
        with opened:
            yield opened
    except Damaged as error:
        raise Failure(f"{file} is no whole backup: {error}") from error
    except Newer as error:
        raise Failure(f"{file} cannot be used: {error}") from error
    except OSError as error:
        raise Failure(f"{file} cannot be read, or what it holds not written: {error.strerror}") from error


@contextmanager
def _on_standard_error() -> Iterator[None]:
    """Standard output is the archive's."""
    before, sys.stdout = sys.stdout, sys.stderr
    try:
        yield
    finally:
        sys.stdout = before
