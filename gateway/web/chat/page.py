"""The page and the script an app embeds, as the plugin's folder has them; scripts joined and made small."""

import gzip
import re
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from connectors.kit.chat import Doorway
from gateway.api.problems import not_found
from gateway.web.asgi import Headers, Scope, Send, answer, header
from gateway.web.chat.script import script

INDEX = "index.html"
WORKER = "worker.js"
HOST = re.compile(r"[A-Za-z0-9.\-\[\]:]{1,255}")
TYPES = {
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".svg": b"image/svg+xml",
}
CACHED = b"no-cache"
"""Asked for each time, and mostly answered with 304: script, texts and style of two releases must not meet."""
NO_GZIP = re.compile(r"q\s*=\s*0(\.0*)?")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' {hosts}; img-src 'self' blob: data:"
    " {hosts}; media-src 'self' blob: {hosts}; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
)


class Sheet(NamedTuple):
    """A file as it goes out, plain and packed; each has an `ETag` of its own (RFC 9110 §8.8.3.3, read 2026-11)."""

    body: bytes
    packed: bytes
    etag: str
    headers: Headers
    ruled: bool
    """Whether it runs by a policy of its own: a page, or a service worker."""

    def coded(self, packed: bool) -> tuple[bytes, str, Headers]:
        if packed:
            etag = f'"{self.etag}-gzip"'
            return self.packed, etag, [*self.headers, (b"etag", etag.encode()), (b"content-encoding", b"gzip")]
        etag = f'"{self.etag}"'
        return self.body, etag, [*self.headers, (b"etag", etag.encode())]


async def give_page(doorway: Doorway, public_url: str, path: str, scope: Scope, send: Send) -> None:
    """A file of the connector's page. Raises Problem (404)."""
    if not path and not scope["path"].endswith("/"):  # what the page names stands beside it
        await answer(send, 308, [(b"location", scope["raw_path"] + b"/")], b"")
        return
    found = sheet(doorway.page, path)
    if found is None:
        raise not_found("page")
    body, etag, headers = found.coded(_takes_gzip(header(scope, b"accept-encoding") or ""))
    if found.ruled:
        headers.append((b"content-security-policy", _policy(doorway, public_url, scope)))
    known = etag in (header(scope, b"if-none-match") or "")
    silent = known or scope["method"] == "HEAD"
    await answer(send, 304 if known else 200, headers, b"" if silent else body)


def _policy(doorway: Doorway, public_url: str, scope: Scope) -> bytes:
    """Its script may ask the hub by the names it has, and pages of `origins` may frame it."""
    public = urlsplit(public_url)
    secure = "s" if public.scheme == "https" else ""
    told = header(scope, b"host") or ""
    host = told if HOST.fullmatch(told) else public.netloc
    hosts = " ".join(sorted({f"http{secure}://{public.netloc}", f"ws{secure}://{host}"}))
    ancestors = " ".join(["'self'", *sorted(doorway.origins - {"null"})])
    return POLICY.format(hosts=hosts, ancestors=ancestors).encode("latin-1")


def _takes_gzip(accepted: str) -> bool:
    """What `Accept-Encoding` says (RFC 9110 §12.5.3, read 2026-11); `*` alone gets it plain."""
    told = (each.partition(";") for each in accepted.lower().split(","))
    return any(name.strip() == "gzip" and not NO_GZIP.fullmatch(weight.strip()) for name, _, weight in told)


def sheet(folder: Path, name: str) -> Sheet | None:
    """A file of the folder by its plain name; None for what is none."""
    path = folder / (name or INDEX)
    if path.name != (name or INDEX) or path.suffix not in TYPES or not path.is_file():
        return None
    return _read(path, max(file.stat().st_mtime_ns for file in folder.iterdir()))


@lru_cache(maxsize=64)
def _read(path: Path, _changed: int) -> Sheet:
    body = script(path) if path.suffix == ".js" else path.read_bytes()
    headers = [
        (b"content-type", TYPES[path.suffix]),
        (b"cache-control", CACHED),
        (b"vary", b"accept-encoding"),
        (b"access-control-allow-origin", b"*"),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"cross-origin-resource-policy", b"cross-origin"),
    ]
    etag = sha256(body).hexdigest()[:32]
    return Sheet(body, gzip.compress(body, mtime=0), etag, headers, ruled=path.name in (INDEX, WORKER))
