"""Mail that a receipt rule put into S3, and whose notification says where.

Source: docs.aws.amazon.com/ses/latest/dg/receiving-email-action-s3.html, docs.aws.amazon.com/AmazonS3/latest/API
(GetObject, error responses, virtual hosting) (read 2026-11). Does not open what a rule encrypted on the client's side.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

import msgspec

from connectors.channels.ses.config import Config
from connectors.families.aws.sigv4 import signed
from connectors.kit.base import Tools
from connectors.kit.errors import KitError, Misconfigured, Refused, Temporary
from normalizer.errors import ErrorCode

EMPTY: Final = {"x-amz-content-sha256": sha256(b"").hexdigest()}
SEALED: Final = ("x-amz-meta-x-amz-key-v2", "x-amz-meta-x-amz-key")
"""Headers of what a client encrypted before S3 had it."""
UNOPENED: Final = (
    "was encrypted by the receipt rule itself, which nobody here can open: take message encryption out of the rule, and"
    " have the bucket encrypt"
)
MOST_ERROR: Final = 8 << 10
"""Octets of a refusal that are read."""
CODE: Final = re.compile(rb"<Code>([A-Za-z0-9.]{1,80})</Code>")
GONE: Final = frozenset({"NoSuchKey", "NoSuchBucket", "InvalidObjectState"})
BUSY: Final = frozenset({"SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "OperationAborted"})


class Place(msgspec.Struct, frozen=True):
    """Where a mail lies. `known` is what its notification says of it, as headers."""

    bucket: str
    key: str
    known: Mapping[str, str]


def address(config: Config, place: Place) -> str:
    """As S3 is asked: by a name of the bucket's own where it can have one."""
    path = quote(place.key, safe="/-._~")
    domain = "amazonaws.com.cn" if config.region.startswith("cn-") else "amazonaws.com"
    home = f"s3.{config.region}.{domain}"
    if config.s3_base is not None:
        return f"{config.s3_base.rstrip('/')}/{place.bucket}/{path}"
    if "." in place.bucket:  # no certificate is good for it
        return f"https://{home}/{place.bucket}/{path}"
    return f"https://{place.bucket}.{home}/{path}"


async def mail_at(config: Config, tools: Tools, place: Place) -> AsyncGenerator[bytes, None]:
    """Its octets. Raises Temporary, Misconfigured, and Refused where it is gone, too large or sealed."""
    url, now = address(config, place), tools.now()
    headers = signed(
        "GET",
        url,
        b"",
        now,
        region=config.region,
        service="s3",
        access_key_id=config.access_key_id,
        secret_access_key=config.secret_access_key,
        session_token=config.session_token,
        told=EMPTY,
    )
    most, seconds = config.s3_octets, config.send_seconds
    async with tools.http.stream("GET", url, most=most, seconds=seconds, headers=headers) as stream:
        if stream.status != HTTPStatus.OK:
            raise _refusal(stream.status, await _beginning(stream.chunks), place)
        if any(name in stream.headers for name in SEALED):
            raise Refused(f"{place.bucket}/{place.key} {UNOPENED}", code=ErrorCode.MEDIA_UNREACHABLE)
        async for chunk in stream.chunks:
            yield chunk


async def _beginning(chunks: AsyncIterator[bytes]) -> bytes:
    octets = b""
    async for chunk in chunks:
        octets += chunk
        if len(octets) >= MOST_ERROR:
            break
    return octets


def _refusal(status: int, body: bytes, place: Place) -> KitError:
    found = CODE.search(body)
    code = found[1].decode() if found else str(status)
    where = f"{place.bucket}/{place.key}"
    if code in GONE or status == HTTPStatus.NOT_FOUND:
        return Refused(f"{where} is gone: {code}", code=ErrorCode.MEDIA_UNREACHABLE, provider_code=code)
    if code in BUSY or status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        return Temporary(f"S3 does not give {where} now: {code}", code=ErrorCode.PROVIDER_DOWN, provider_code=code)
    needed = f"the credentials need s3:GetObject of it, and the bucket has to be in the region of SES: {code}"
    return Misconfigured(f"S3 does not give {where}: {needed}", code=ErrorCode.AUTH_FAILED, provider_code=code)
