"""The page and the script an app embeds, as the plugin's folder has them."""

import re
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from connectors.kit.chat import Doorway
from gateway.api.problems import not_found
from gateway.web.asgi import Headers, Scope, Send, answer, header

INDEX = "index.html"
HOST = re.compile(r"[A-Za-z0-9.\-\[\]:]{1,255}")
TYPES = {
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".svg": b"image/svg+xml",
}
CACHED = b"no-cache"
"""Asked for each time, and mostly answered with 304: the script has several files, and those of two releases must not
meet."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' {hosts}; img-src 'self' blob: data:"
    " {hosts}; media-src 'self' blob: {hosts}; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
)


class Sheet(NamedTuple):
    body: bytes
    etag: bytes
    headers: Headers


async def give_page(doorway: Doorway, public_url: str, path: str, scope: Scope, send: Send) -> None:
    """A file of the connector's page. Raises Problem (404)."""
    if not path and not scope["path"].endswith("/"):  # what the page names stands beside it
        await answer(send, 308, [(b"location", scope["raw_path"] + b"/")], b"")
        return
    public = urlsplit(public_url)
    secure = "s" if public.scheme == "https" else ""
    told = header(scope, b"host") or ""
    host = told if HOST.fullmatch(told) else public.netloc
    hosts = " ".join(sorted({f"http{secure}://{public.netloc}", f"ws{secure}://{host}"}))
    found = sheet(doorway.page, path, hosts, " ".join(["'self'", *sorted(doorway.origins - {"null"})]))
    if found is None:
        raise not_found("page")
    known = found.etag in (header(scope, b"if-none-match") or "").encode("latin-1")
    silent = known or scope["method"] == "HEAD"
    headers = [*found.headers, (b"access-control-allow-origin", b"*")]
    await answer(send, 304 if known else 200, headers, b"" if silent else found.body)


def sheet(folder: Path, name: str, hosts: str, ancestors: str) -> Sheet | None:
    """A file of the folder by its plain name; None for what is none. `hosts` are where its script may ask besides its
    own, `ancestors` whose pages may frame it."""
    path = folder / (name or INDEX)
    if path.name != (name or INDEX) or path.suffix not in TYPES or not path.is_file():
        return None
    return _read(path, path.stat().st_mtime_ns, hosts, ancestors)


@lru_cache(maxsize=64)
def _read(path: Path, _changed: int, hosts: str, ancestors: str) -> Sheet:
    body = path.read_bytes()
    etag = b'"%b"' % sha256(body).hexdigest()[:32].encode()
    headers = [
        (b"content-type", TYPES[path.suffix]),
        (b"etag", etag),
        (b"cache-control", CACHED),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"cross-origin-resource-policy", b"cross-origin"),
    ]
    if path.suffix == ".html":
        policy = POLICY.format(hosts=hosts, ancestors=ancestors)
        headers.append((b"content-security-policy", policy.encode("latin-1")))
    return Sheet(body, etag, headers)
