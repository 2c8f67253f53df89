"""A listener's certificate, read anew when its files change: renewed ones need no restart."""

import ssl
from pathlib import Path

import structlog

log = structlog.get_logger()


class Certificate:
    def __init__(self, cert: Path, key: Path) -> None:
        """Raises OSError, with a sentence for the operator."""
        self._files = (cert, key)
        self._stamps: tuple[int, ...] = ()
        self._context = self._read()

    def context(self) -> ssl.SSLContext:
        """For the next session; as before where the new files cannot be used."""
        try:
            if self._stamp() != self._stamps:
                self._context = self._read()
        except OSError as error:
            log.error("the new certificate is not used", reason=str(error))
        return self._context

    def _read(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            self._stamps = self._stamp()
            context.load_cert_chain(*self._files)
        except (OSError, ValueError) as error:
            raise OSError(f"certificate {self._files[0]} and key {self._files[1]} cannot be used: {error}") from error
        return context

    def _stamp(self) -> tuple[int, ...]:
        return tuple(file.stat().st_mtime_ns for file in self._files)
