"""A process whose system clock somebody sets, with libfaketime: the monotonic clock goes on, as it does in truth."""

import shutil
from collections.abc import Mapping
from pathlib import Path

PLACES = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/lib*/faketime/libfaketime.so.1")


class SystemClock:
    """Of the processes that are started with `environ`."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.set(0)

    @property
    def environ(self) -> Mapping[str, str]:
        """Raises LookupError where there is no libfaketime."""
        found = [path for pattern in PLACES for path in Path("/").glob(pattern[1:])]
        if not found or shutil.which("faketime") is None:
            raise LookupError("no libfaketime")
        return {
            "LD_PRELOAD": str(found[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
        }

    def set(self, seconds: int) -> None:
        """So many seconds from what it would show."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n")
        new.replace(self._file)
