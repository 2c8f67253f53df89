"""Signature Version 4 of Amazon Web Services, of a request whose body is whole and whose path is plain.

Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html (read 2026-11).
"""

import hmac
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from urllib.parse import urlsplit

from connectors.kit.secret import Secret

ALGORITHM = "AWS4-HMAC-SHA256"
JSON = {"content-type": "application/json"}


def signed(
    method: str,
    url: str,
    body: bytes,
    at: datetime,
    *,
    region: str,
    service: str,
    access_key_id: str,
    secret_access_key: Secret,
    session_token: Secret | None,
    told: Mapping[str, str] = JSON,
) -> Mapping[str, str]:
    """The headers that sign it, `told` among them; `at` is UTC. The URL has no query, and a path of unreserved
    characters, or for S3 one whose other characters are encoded."""
    parts = urlsplit(url)
    stamp, day = at.strftime("%Y%m%dT%H%M%SZ"), at.strftime("%Y%m%d")
    headers = {**told, "host": parts.netloc, "x-amz-date": stamp}
    if session_token is not None:
        headers["x-amz-security-token"] = session_token.reveal()
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = "\n".join([method, parts.path or "/", "", lines, names, sha256(body).hexdigest()])
    scope = f"{day}/{region}/{service}/aws4_request"
    wanted = "\n".join([ALGORITHM, stamp, scope, sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{secret_access_key.reveal()}".encode()
    for word in (day, region, service, "aws4_request"):
        key = hmac.digest(key, word.encode(), sha256)
    signature = hmac.new(key, wanted.encode(), sha256).hexdigest()
    shown = f"{ALGORITHM} Credential={access_key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    return {**{name: value for name, value in headers.items() if name != "host"}, "authorization": shown}
