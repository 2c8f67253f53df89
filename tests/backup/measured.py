"""A process that takes a backup, or restores one: `python -m tests.backup.measured take|restore URL FILES ARCHIVE`.

It prints by how many MiB its memory grew meanwhile, at the most.
"""

import sys
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

from gateway.backup.restoring import restore
from gateway.backup.taking import take
from gateway.files import Files
from gateway.store.engine import connect


def main(what: str, url: str, files: str, archive: str) -> None:
    engine = connect(url)
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
    before = getrusage(RUSAGE_SELF).ru_maxrss
    if what == "take":
        with Path(archive).open("wb") as out:
            take(engine, Files(Path(files)), out)
    else:
        with Path(archive).open("rb") as stream:
            restore(engine, Files(Path(files)), stream, {}, send=False)
    print((getrusage(RUSAGE_SELF).ru_maxrss - before) // 1024)  # noqa: T201
    engine.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])
