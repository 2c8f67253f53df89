"""Files: taken as they stream in, given out so that no browser runs what is in them.

A stranger's file is never shown inline, never sniffed, and keeps only media types that cannot carry a script.
"""

import re
from collections.abc import Iterator, Sequence
from typing import IO, Any

from flask import request, send_file
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from gateway.api import queries
from gateway.api.admission import admit
from gateway.api.problems import Code, Problem, invalid, not_found, too_large
from gateway.api.route import Answer, Call
from gateway.api.shapes import AttachmentAnswer
from gateway.files import ANY_TYPE, TooLarge, plain_name
from gateway.ids import new_id
from gateway.keys import Scope
from gateway.store import schema
from gateway.store.times import now
from gateway.store.transaction import Transaction
from normalizer.errors import ErrorCode
from normalizer.model import Attachment, AttachmentState

CHUNK = 1 << 16
FORM = 1 << 16
"""Octets a form may add to its file."""
MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,126}/[a-z0-9][a-z0-9.+-]{0,126}", re.ASCII)
SAFE = re.compile(r"image/(?:png|jpeg|gif|webp|bmp|tiff|heic|avif)|audio/[a-z0-9.+-]+|video/[a-z0-9.+-]+|text/plain")
GUARDED = {
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
    "cache-control": "private, max-age=86400, immutable",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
}


def take(call: Call) -> AttachmentAnswer:
    """Keeps what was sent: the `file` field of a form, or the body itself."""
    most = call.hub.settings.limits.file
    if request.mimetype == "multipart/form-data":
        request.max_content_length = most + FORM
        field = _field()
        media_type, name, stream = field.mimetype, field.filename, field.stream
    else:
        request.max_content_length = most
        media_type, name, stream = request.mimetype, call.query.name, request.stream
    try:
        stored = call.hub.files.save(_chunks(stream), most)
    except TooLarge as error:
        raise too_large(most) from error
    if stored.size == 0:
        raise invalid("", "the file is empty")
    attachment = Attachment(
        id=new_id(),
        sha256=stored.sha256,
        media_type=media_type if MEDIA_TYPE.fullmatch(media_type) else ANY_TYPE,
        size=stored.size,
        name=plain_name(name),
        state=AttachmentState.STORED,
    )
    call.hub.writer.submit(keep, attachment).result()
    return AttachmentAnswer(attachment=attachment)


def _field() -> FileStorage:
    """The file of a form. Raises Problem, RequestEntityTooLarge."""
    try:
        found = request.files.get("file")
    except RequestEntityTooLarge as error:
        if (request.content_length or 0) > (request.max_content_length or 0):
            raise
        detail = "the form has too many fields, or too large ones, beside its file"
        raise Problem(413, Code.TOO_LARGE, detail) from error
    if found is None:
        raise invalid("file", "the form has no file of this name")
    return found


def _chunks(stream: IO[bytes] | Any) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK):
        yield chunk


def keep(transaction: Transaction, attachments: Sequence[Attachment]) -> list[None]:
    """Writes attachments whose files are stored; messages name them later."""
    for attachment in attachments:
        transaction.insert(
            schema.attachments,
            attachment.id,
            None,
            None,
            None,
            attachment.state,
            attachment.sha256,
            attachment.media_type,
            attachment.size,
            attachment.name,
            None,
            0,
            None,
            transaction.now_us,
        )
    return [None] * len(attachments)


def give(call: Call) -> AttachmentAnswer | Answer:
    """The file, or what is known of it, to who has a key or a link that was signed for it."""
    if call.query.signature is None and call.query.expires is None:
        admit(call.hub.engine, call.headers.get("Authorization"), Scope.READ)
    elif not call.hub.links.valid(call.id, call.query.expires or "", call.query.signature or "", now()):
        raise Problem(403, Code.FORBIDDEN, "this link was not made here, or has expired")
    with queries.snapshot(call.hub.engine) as rows:
        attachment = queries.attachment(rows, call.id)
    if attachment is None:
        raise not_found("attachment")
    if request.accept_mimetypes.best == "application/json":
        return AttachmentAnswer(attachment=attachment)
    return _file(call, attachment)


def _file(call: Call, attachment: Attachment) -> Answer:
    if attachment.state == AttachmentState.PENDING:
        raise Problem(409, Code.CONFLICT, "the file is still being fetched", headers={"retry-after": "5"})
    if attachment.sha256 is None or not call.hub.files.exists(attachment.sha256):
        raise Problem(404, attachment.error or ErrorCode.MEDIA_UNREACHABLE, "the file could not be had")
    if "," in request.headers.get("Range", ""):
        request.environ.pop("HTTP_RANGE")  # several at once are not given out: then the whole is (RFC 9110 §14.2)
    response = send_file(
        call.hub.files.path(attachment.sha256),
        mimetype=attachment.media_type if SAFE.fullmatch(attachment.media_type) else ANY_TYPE,
        as_attachment=True,
        download_name=attachment.name or attachment.id,
        etag=attachment.sha256,
    )
    return Answer(content=response, headers=GUARDED)
