"""Redirects, files and the exchange log of the client, over real sockets."""

import asyncio
import gzip
import io
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from msgspec.structs import replace
from raw import OK, Connection, Script, Server, answering, hang, once, reset, reset_in_the_middle, run, serving, trickle

from connectors.kit.errors import KitError, OutcomeUnknown, Refused, Temporary
from connectors.kit.http import Exchange, Http, exchange_subject
from connectors.kit.secret import Secret
from normalizer.errors import ErrorCode


def refusal(script: Script) -> tuple[KitError, list[str]]:
    """How a GET is refused, and which requests the server saw."""

    async def act(http: Http, server: Server) -> KitError:
        with pytest.raises(KitError) as caught:
            await http.request("GET", f"{server.url}/1")
        return caught.value

    error, server = run(script, act)
    return error, server.lines


# --- redirects --------------------------------------------------------------------------------------------------------


def to(location: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Elsewhere\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


def steps(*answers: bytes) -> Script:
    left = list(answers)

    async def script(connection: Connection) -> None:
        while await connection.request():
            await connection.answer(left.pop(0))

    return script


def test_a_get_follows_three_redirects() -> None:
    script = steps(to("/2"), to("3", 307), to("?4", 308), OK)
    answer, server = run(script, lambda http, server: http.request("GET", f"{server.url}/1"))
    assert answer.body == b"ok"
    assert server.lines == [f"GET /{path} HTTP/1.1" for path in ("1", "2", "3", "3?4")]


def test_a_fourth_redirect_is_refused() -> None:
    error, lines = refusal(steps(*[to("/again")] * 5))
    assert (type(error), error.code, len(lines)) == (Refused, ErrorCode.MEDIA_UNREACHABLE, 4)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods_follow_none(method: str, status: int) -> None:
    answer, server = run(steps(to("/2", status)), lambda http, server: http.request(method, f"{server.url}/1"))
    assert (answer.status, answer.headers["location"], len(server.lines)) == (status, "/2", 1)


@pytest.mark.parametrize(
    "location",
    [
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://localhost/",
        "http://127.0.0.1:1/",
        "http://2130706433/",
        "file:///etc/passwd",
        "http://user:word@example.com/",
        "gopher://example.com/",
        "http://[bad",
    ],
)
def test_a_redirect_into_the_network_is_refused(location: str) -> None:
    error, lines = refusal(steps(to(location)))
    assert (type(error), error.code) == (Refused, ErrorCode.MEDIA_UNREACHABLE)
    assert len(lines) == 1


def test_credentials_stay_with_their_origin() -> None:
    async def main() -> tuple[list[bytes], list[bytes]]:
        async with serving(answering) as other, serving(steps(to("/same"), to(f"{other.url}/far"))) as first:
            http = Http("support", trusted=[first.url, other.url])
            headers = {"Authorization": "Bearer s3cret", "X-Key": "s3cret", "Accept": "image/*"}
            await http.request("GET", f"{first.url}/start", headers=headers)
            await http.close()
            return first.heads, other.heads

    near, far = asyncio.run(main())
    assert [b"s3cret" in head for head in near] == [True, True]
    assert b"s3cret" not in far[0]
    assert b"image/*" in far[0]


# --- files ------------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def opened(http: Http, url: str, **options: Any):
    async with http.stream("GET", url, **{"most": 1000, "seconds": 0.4, **options}) as stream:
        yield stream


def streamed(script: Script, **options: Any) -> Any:
    async def act(http: Http, server: Server) -> Any:
        try:
            async with opened(http, server.url, **options) as stream:
                return stream.status, b"".join([chunk async for chunk in stream.chunks])
        except KitError as error:
            return error

    return run(script, act)[0]


def test_a_file_is_read_in_chunks() -> None:
    assert streamed(once(b"HTTP/1.1 206 Part\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000)) == (206, b"x" * 1000)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + b"x" * 1001,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"3e9\r\n" + b"x" * 1001 + b"\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 10_000_000),
    ],
    ids=["said so", "chunked", "compressed"],
)
def test_a_file_too_large_is_refused(answer: bytes) -> None:
    error = streamed(once(answer))
    assert (type(error), error.code) == (Refused, ErrorCode.MEDIA_TOO_LARGE)


@pytest.mark.parametrize("script", [reset, hang, trickle, reset_in_the_middle], ids=lambda script: script.__name__)
def test_a_file_that_breaks_off_is_temporary(script: Script) -> None:
    assert type(streamed(script)) is Temporary


def test_a_reader_may_stop_early_and_raise_its_own() -> None:
    heard: list[Exchange] = []

    async def act(http: Http, server: Server) -> None:
        with pytest.raises(LookupError):
            async with opened(http, server.url):
                raise LookupError

    run(once(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + b"x" * 900), act, log=heard.append)
    assert [(exchange.status, exchange.error) for exchange in heard] == [(200, "given up by its caller")]


# --- the exchange log -------------------------------------------------------------------------------------------------


Act = Callable[[Http, Server], Awaitable[Any]]


def heard(script: Script, act: Act, *secrets: str) -> tuple[list[Exchange], Server]:
    exchanges: list[Exchange] = []
    _, server = run(script, act, log=exchanges.append, secrets=[Secret(text) for text in secrets])
    assert all(exchange.milliseconds > 0 for exchange in exchanges)
    return [replace(exchange, milliseconds=0) for exchange in exchanges], server


def test_an_exchange_is_logged_without_secrets() -> None:
    async def act(http: Http, server: Server) -> None:
        exchange_subject.set("delivery-1")
        await http.request("POST", f"{server.url}/bot12:ab/x?token=zzz", body=b'{"chat": 1, "by": "12:ab"}')

    answer = b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{"url":"12:ab"}'
    exchanges, server = heard(once(answer), act, "12:ab")
    assert exchanges == [
        Exchange(
            connector="support",
            subject="delivery-1",
            method="POST",
            url=f"{server.url}/bot***/x?token=***",
            request_body='{"chat": 1, "by": "***"}',
            status=200,
            response_body='{"url":"***"}',
            error=None,
            milliseconds=0,
        )
    ]
    assert exchange_subject.get() is None


def test_failures_redirects_and_refusals_are_logged() -> None:
    async def act(http: Http, server: Server) -> None:
        with pytest.raises(Refused):
            await http.request("GET", f"{server.url}/1")

    exchanges, server = heard(steps(to("http://10.0.0.1/")), act)
    assert [(exchange.url, exchange.status, exchange.error) for exchange in exchanges] == [
        (f"{server.url}/1", 302, None),
        ("http://10.0.0.1/", None, "10.0.0.1 is not a public address"),
    ]


def test_a_cancelled_exchange_is_logged() -> None:
    async def act(http: Http, server: Server) -> None:
        asked = asyncio.create_task(http.request("POST", server.url))
        await asyncio.sleep(0.1)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked

    exchanges, _ = heard(hang, act)
    assert [exchange.error for exchange in exchanges] == ["given up by its caller"]


def test_a_form_is_sent_and_its_files_are_logged_by_size() -> None:
    async def act(http: Http, server: Server) -> None:
        form = aiohttp.FormData()
        form.add_field("caption", "with s3cret")
        form.add_field("photo", io.BytesIO(b"\x89PNG"), filename="a.png", content_type="image/png")
        await http.request("POST", server.url, body=form)
        await http.request("POST", server.url, body=aiohttp.FormData({"a": "s3cret", "b": "2"}))

    exchanges, server = heard(answering, act, "s3cret")
    assert [exchange.request_body for exchange in exchanges] == [
        'form-data; name="caption": with ***\nform-data; name="photo"; filename="a.png": (4 octets)',
        "a=***&b=2",
    ]
    assert b"multipart/form-data; boundary=" in server.heads[0]
    assert b"application/x-www-form-urlencoded" in server.heads[1]


def test_a_large_body_is_sent_whole() -> None:
    async def script(connection: Connection) -> None:
        head = await connection.reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        body = await connection.reader.readexactly(size)
        await connection.answer(OK if body == b"x" * 3_000_000 else b"HTTP/1.1 400 Short\r\n\r\n")

    answer, _ = run(script, lambda http, server: http.request("POST", server.url, body=b"x" * 3_000_000))
    assert answer.status == 200


def test_longest_bounds_what_a_plugin_asks() -> None:
    async def act(http: Http, server: Server) -> None:
        with pytest.raises(OutcomeUnknown, match="in time"):
            await http.request("POST", server.url, seconds=60)

    run(hang, act, longest=0.2)


def test_http_shows_no_secret_in_its_repr() -> None:
    assert "s3cret" not in repr(Http("support", secrets=[Secret("s3cret")]))


def test_an_exchange_of_another_protocol_stands_in_the_same_log() -> None:
    said: list[Exchange] = []
    http = Http("c", log=said.append, secrets=(Secret("hunter2"),))
    http.note("SMTP", "smtp://h:25", request=b"hunter2", status=250, answer=b"Ok", error=None, started=0.0)
    (exchange,) = said
    expected = Exchange("c", None, "SMTP", "smtp://h:25", "***", 250, "Ok", None, exchange.milliseconds)
    assert exchange == expected


def test_what_goes_by_another_protocol_ends_with_the_client_each_time() -> None:
    ended: list[str] = []

    async def end() -> None:
        ended.append("ended")

    async def act(http: Http, _: Server) -> None:
        http.closes(end)
        await http.close()
        await http.close()

    run(hang, act)
    assert ended[:2] == ["ended", "ended"]
