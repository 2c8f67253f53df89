"""Files in and out: by body and by form, bounded, and harmless to who opens them."""

import io
from hashlib import sha256
from typing import Any

import pytest

from gateway.keys import Scope
from gateway.store import schema
from gateway.store.transaction import Transaction
from tests.api.conftest import Api
from tests.web.parrot import bearer

PNG = b"\x89PNG\r\n\x1a\n" + b"feathers" * 1000


def upload(api: Api, body: bytes = PNG, kind: str = "image/png", query: str = "") -> dict[str, Any]:
    answer = api.ask("POST", f"/v1/attachments{query}", data=body, content_type=kind, status=201)
    return answer["attachment"]


def download(api: Api, id_: str, **headers: str) -> Any:
    return api.client.get(f"/v1/attachments/{id_}", headers=api.key | headers, buffered=True)


def test_a_body_is_kept_as_a_file(api: Api) -> None:
    attachment = upload(api, query="?name=polly.png")
    assert attachment == {
        "id": attachment["id"],
        "sha256": sha256(PNG).hexdigest(),
        "media_type": "image/png",
        "size": len(PNG),
        "name": "polly.png",
        "state": "stored",
        "error": None,
    }
    known = download(api, attachment["id"], Accept="application/json")
    assert known.get_json() == {"attachment": attachment}


def test_the_file_field_of_a_form_is_kept_as_a_file(api: Api) -> None:
    form = {"file": (io.BytesIO(PNG), "../../etc/po\x00lly.png", "image/png")}
    attachment = api.ask("POST", "/v1/attachments", data=form, status=201)["attachment"]
    assert (attachment["name"], attachment["media_type"], attachment["size"]) == ("polly.png", "image/png", len(PNG))


def test_a_file_comes_back_as_an_attachment_that_no_browser_runs(api: Api) -> None:
    answer = download(api, upload(api, query="?name=полли.png")["id"])
    assert (answer.status_code, answer.data) == (200, PNG)
    headers = {name.lower(): value for name, value in answer.headers.items()}
    assert headers["content-type"] == "image/png"
    assert headers["content-disposition"].startswith("attachment;")
    assert "filename*=UTF-8''%D0%BF%D0%BE%D0%BB%D0%BB%D0%B8.png" in headers["content-disposition"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(
    "kind",
    ["text/html", "image/svg+xml", "application/xhtml+xml", "text/javascript", "application/pdf", "a/b/c", "", "x"],
)
def test_what_could_carry_a_script_is_given_as_octets(api: Api, kind: str) -> None:
    answer = download(api, upload(api, b"<script>", kind)["id"])
    assert answer.headers["content-type"] == "application/octet-stream"


def test_a_file_that_did_not_change_is_not_sent_again(api: Api) -> None:
    id_ = upload(api)["id"]
    tag = download(api, id_).headers["etag"]
    again = download(api, id_, **{"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")


def test_a_part_of_a_file_can_be_asked_for(api: Api) -> None:
    answer = download(api, upload(api)["id"], Range="bytes=8-15")
    assert (answer.status_code, answer.data) == (206, b"feathers")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_of_several_parts_at_once_the_whole_is_given(api: Api) -> None:
    answer = download(api, upload(api)["id"], Range="bytes=0-1,8-15")
    assert (answer.status_code, answer.data) == (200, PNG)


def test_a_part_that_no_file_has_is_refused_with_the_files_size(api: Api) -> None:
    id_ = upload(api)["id"]
    answer = download(api, id_, Range="bytes=99999999-")
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{len(PNG)}")
    problem = api.refuse("GET", f"/v1/attachments/{id_}", 416, "invalid", headers={"Range": "bytes=99999999-"})
    assert problem["detail"] == "the file has no such part"


def test_a_signed_link_opens_its_file_and_no_other(api: Api) -> None:
    one, other = upload(api)["id"], upload(api, b"other")["id"]
    path = api.hub.links.link(one, 60).removeprefix("https://hub.example.com")
    assert api.client.get(path, buffered=True).data == PNG
    assert api.client.get(path.replace(one, other)).status_code == 403
    expired = api.hub.links.link(one, -1).removeprefix("https://hub.example.com")
    for wrong in (expired, path + "0", path.partition("&")[0], f"/v1/attachments/{one}?signature=x"):
        answer = api.client.get(wrong)
        assert (answer.status_code, answer.get_json(force=True)["code"]) == (403, "forbidden")


def test_without_a_link_a_file_needs_a_key_that_may_read(api: Api) -> None:
    id_ = upload(api)["id"]
    path = f"/v1/attachments/{id_}"
    assert api.client.get(path).status_code == 401
    assert api.client.get(path, headers=bearer(api.hub, Scope.WRITE)).status_code == 403
    assert api.client.get(path, headers=bearer(api.hub, Scope.READ), buffered=True).status_code == 200


def test_a_file_over_the_limit_is_refused_and_leaves_nothing(api: Api) -> None:
    most = api.hub.settings.limits.file
    for size, environ in (
        (0, {"CONTENT_LENGTH": str(most + 1_000_000)}),
        (most + 1, {"CONTENT_LENGTH": str(most + 1)}),
        (most + 1_000_000, {"CONTENT_LENGTH": "", "wsgi.input_terminated": True}),
    ):
        answer = api.client.post(
            "/v1/attachments", headers=api.key, environ_overrides={**environ, "wsgi.input": _Zeros(size)}
        )
        assert (answer.status_code, answer.get_json(force=True)["code"]) == (413, "too_large")
    assert [path for path in api.hub.files.folder.rglob("*") if path.is_file()] == []


class _Zeros(io.RawIOBase):
    def __init__(self, size: int) -> None:
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        taken = min(len(buffer), self._left)
        buffer[:taken] = bytes(taken)
        self._left -= taken
        return taken


def test_a_form_of_too_much_says_so(api: Api) -> None:
    fields = {f"f{n}": "v" for n in range(1200)} | {"file": (io.BytesIO(PNG), "a.png", "image/png")}
    problem = api.refuse("POST", "/v1/attachments", 413, "too_large", data=fields)
    assert problem["detail"] == "the form has too many fields, or too large ones, beside its file"


def test_the_limit_that_is_told_is_the_files(api: Api) -> None:
    most = api.hub.settings.limits.file
    answer = api.client.post(
        "/v1/attachments", headers=api.key, environ_overrides={"CONTENT_LENGTH": str(most + 1), "wsgi.input": _Zeros(1)}
    )
    assert answer.get_json(force=True)["detail"] == f"the body is larger than {most} octets"


def test_what_is_no_file_is_refused(api: Api) -> None:
    api.refuse("POST", "/v1/attachments", 422, "invalid", data=b"", content_type="image/png")
    form: Any = {"data": {"other": "x"}, "content_type": "multipart/form-data"}
    problem = api.refuse("POST", "/v1/attachments", 422, "invalid", **form)
    assert problem["errors"][0]["path"] == "file"


@pytest.mark.parametrize(
    ("state", "error", "status", "code"),
    [
        ("pending", None, 409, "conflict"),
        ("failed", "media_too_large", 404, "media_too_large"),
        ("stored", None, 404, "media_unreachable"),
    ],
)
def test_a_file_that_is_not_here_says_why(api: Api, state: str, error: str | None, status: int, code: str) -> None:
    id_ = "00000000-0000-7000-8000-000000000001"
    hash_ = sha256(b"never stored").hexdigest() if state == "stored" else None

    def apply(transaction: Transaction, items: Any) -> list[None]:
        row = (id_, None, "perch", "source", state, hash_, "image/png", None, None, error, 0, None, 0)
        transaction.insert(schema.attachments, *row)
        return [None] * len(items)

    api.hub.writer.submit(apply, None).result(10)
    api.refuse("GET", f"/v1/attachments/{id_}", status, code)
    known = download(api, id_, Accept="application/json").get_json()["attachment"]
    assert (known["state"], known["error"]) == (state, error)


def test_a_file_nobody_knows_is_not_found(api: Api) -> None:
    api.refuse("GET", "/v1/attachments/00000000-0000-7000-8000-000000000000", 404, "not_found")
