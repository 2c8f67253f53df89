"""What is kept of requests, found again by its name: octets in the table, or a file where it is large."""

from pathlib import Path

from sqlalchemy import Engine

from connectors.kit.errors import Refused
from gateway.files import Files
from normalizer.errors import ErrorCode

_FIND = "SELECT body, sha256 FROM raws WHERE id = ?"


class Raws:
    def __init__(self, engine: Engine, files: Files) -> None:
        self._engine = engine
        self._files = files

    def find(self, name: str) -> Path | bytes:
        """As `Tools.raw`. Blocks. Raises Refused where it is no longer kept."""
        with self._engine.connect() as connection:
            row = connection.exec_driver_sql(_FIND, (name,)).fetchone()
        if row is None:
            raise Refused("what the request held is no longer kept", code=ErrorCode.MEDIA_UNREACHABLE)
        body, sha256 = row
        if sha256 is None:
            return bytes(body)
        path = self._files.path(sha256)
        if not path.is_file():
            raise Refused(f"the file {sha256} is gone", code=ErrorCode.MEDIA_UNREACHABLE)
        return path
