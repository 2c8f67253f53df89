"""What the client calls each way a provider can fail, over real sockets."""

import asyncio
import traceback
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from raw import (
    OK,
    Connection,
    Script,
    Server,
    answering,
    hang,
    once,
    reset,
    reset_in_the_middle,
    run,
    serving,
    trickle,
    vanish,
)

from connectors.kit.errors import KitError, Misconfigured, OutcomeUnknown, Temporary
from connectors.kit.http import Answer, Http
from normalizer.errors import ErrorCode

TOKEN = "bot-s3cret"


def failure(script: Script, method: str = "POST", **options: Any) -> tuple[KitError, list[str]]:
    """How a request fails, and which requests the server saw."""

    async def act(http: Http, server: Server) -> KitError:
        with pytest.raises(KitError) as caught:
            await http.request(method, f"{server.url}/{TOKEN}/send", body=b"{}", **{"seconds": 0.4, **options})
        return caught.value

    error, server = run(script, act)
    return error, server.lines


BROKEN: dict[str, Script] = {
    "reset": reset,
    "closed without a word": vanish,
    "no answer": hang,
    "trickle": trickle,
    "reset in the middle": reset_in_the_middle,
    "truncated": once(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf"),
    "truncated chunks": once(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf"),
    "bad chunks": once(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhalf\r\n0\r\n\r\n"),
    "bad gzip": once(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nhalf"),
    "not http": once(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "half a head": once(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "long header": once(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n"),
    "many headers": once(b"HTTP/1.1 200 OK\r\n" + b"X-Many: x\r\n" * 500 + b"\r\n"),
    "oversized": once(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + b"x" * 3_000_000),
}


@pytest.mark.parametrize("method", ["POST", "PUT", "GET", "DELETE"])
@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN)
def test_what_may_have_left_is_unknown_and_sent_once(script: Script, method: str) -> None:
    error, lines = failure(script, method)
    assert type(error) is OutcomeUnknown
    assert lines == [f"{method} /bot-s3cret/send HTTP/1.1"]


@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN)
def test_a_request_that_only_reads_is_temporary(script: Script) -> None:
    error, _ = failure(script, reads=True)
    assert type(error) is Temporary


def test_time_is_told_from_trouble() -> None:
    assert failure(hang)[0].code is ErrorCode.TIMED_OUT
    assert failure(reset)[0].code is ErrorCode.PROVIDER_DOWN


def test_an_error_and_its_traceback_hold_no_url() -> None:
    for script in (reset, hang, once(b"nonsense")):
        error, _ = failure(script)
        assert TOKEN not in "".join(traceback.format_exception(error))
        assert error.__context__ is None


def test_any_complete_answer_is_given_whatever_its_status() -> None:
    script = once(b"HTTP/1.1 503 Down\r\nRetry-After: 4\r\nX-Two: a\r\nContent-Length: 5\r\n\r\nsorry")
    answer, _ = run(script, lambda http, server: http.request("POST", server.url))
    assert answer == Answer(503, {"retry-after": "4", "x-two": "a", "content-length": "5"}, b"sorry")


def test_a_request_is_on_the_wire_as_it_was_asked() -> None:
    async def act(http: Http, server: Server) -> None:
        await http.request("post", f"{server.url}/a%2Fb?c=%7E&d", headers={"X-Key": "k"}, body=b"{}")

    _, server = run(answering, act)
    head = server.heads[0].decode().split("\r\n")
    assert head[0] == "POST /a%2Fb?c=%7E&d HTTP/1.1"
    assert "X-Key: k" in head
    assert "Content-Length: 2" in head
    assert not any(line.lower().startswith("cookie") for line in head)


@pytest.mark.parametrize(
    "headers",
    [{"X-Key": f"{TOKEN}\nX-Other: 1"}, {"X-Key": "k\0"}, {"X-Key\r\n": "k"}, {"X-Key": "\x7f"}, {"X-Key": "\ud83d"}],
)
def test_a_header_with_the_end_of_a_line_in_it_is_a_mistake_of_the_settings(headers: dict[str, str]) -> None:
    async def act(http: Http, server: Server) -> KitError:
        with pytest.raises(Misconfigured) as caught:
            await http.request("POST", server.url, headers=headers)
        return caught.value

    error, server = run(answering, act)
    assert server.lines == []
    assert error.detail == "the header X-Key has a line end or another control character in it; check the settings"


def test_a_tab_and_letters_of_all_kinds_may_stand_in_a_header() -> None:
    answer, server = run(
        answering, lambda http, server: http.request("GET", server.url, headers={"X-Key": "a\tb\N{SNOWMAN}"})
    )
    assert answer.body == b"ok"
    assert b"X-Key: a\tb\xe2\x98\x83" in server.heads[0].split(b"\r\n")


def test_cookies_are_not_kept() -> None:
    async def act(http: Http, server: Server) -> None:
        for _ in range(2):
            await http.request("GET", server.url)

    async def script(connection: Connection) -> None:
        while await connection.request():
            await connection.answer(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n")

    _, server = run(script, act)
    assert [b"ookie" in head for head in server.heads] == [False, False]


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    answer, _ = run(answering, lambda http, server: http.request("GET", server.url))
    assert answer.body == b"ok"


# --- nothing left -----------------------------------------------------------------------------------------------------


def test_nobody_listening_is_temporary() -> None:
    async def main() -> None:
        async with serving(answering) as server:
            url = server.url
        http = Http("support", trusted=[url])
        with pytest.raises(Temporary, match="ConnectionRefusedError"):
            await http.request("POST", url)
        await http.close()

    asyncio.run(main())


def test_a_name_that_does_not_resolve_is_temporary() -> None:
    async def main() -> None:
        http = Http("support", trusted=["http://nowhere.invalid"])
        with pytest.raises(Temporary):
            await http.request("POST", "http://nowhere.invalid/")
        await http.close()

    asyncio.run(main())


def test_a_failed_tls_handshake_is_temporary() -> None:
    async def act(http: Http, server: Server) -> None:
        url = server.url.replace("http:", "https:")
        with pytest.raises(Temporary):
            await http.request("POST", url)

    async def script(connection: Connection) -> None:
        await connection.reader.read(1)
        await connection.answer(b"HTTP/1.1 400 This is plain\r\n\r\n")

    async def main() -> None:
        async with serving(script) as server:
            http = Http("support", trusted=[server.url.replace("http:", "https:")])
            await act(http, server)
            await http.close()

    asyncio.run(main())


def test_a_tls_handshake_without_end_is_temporary() -> None:
    async def main() -> None:
        async with serving(hang) as server:
            url = server.url.replace("http:", "https:")
            http = Http("support", trusted=[url])
            with pytest.raises(Temporary, match="in time"):
                await http.request("POST", url, seconds=0.3)
            await http.close()

    asyncio.run(main())


def test_waiting_for_a_free_connection_is_temporary() -> None:
    def narrow(_guarded: bool) -> aiohttp.ClientSession:
        from connectors.kit.session import open_session

        session = open_session(False)
        session.connector._limit = 1  # the public setting is made at construction only
        return session

    async def act(http: Http, server: Server) -> list[Any]:
        # the second has less time, so that it is given up before the first one's end frees the connection
        asked = [http.request("POST", f"{server.url}/{n}", seconds=seconds) for n, seconds in enumerate((0.6, 0.3))]
        return await asyncio.gather(*asked, return_exceptions=True)

    errors, server = run(hang, act, sessions=narrow)
    assert [type(error) for error in errors] == [OutcomeUnknown, Temporary]
    assert server.lines == ["POST /0 HTTP/1.1"]


# --- kept connections -------------------------------------------------------------------------------------------------


def test_a_connection_is_used_again() -> None:
    connections = []

    async def script(connection: Connection) -> None:
        connections.append(connection.number)
        await answering(connection)

    async def act(http: Http, server: Server) -> None:
        for _ in range(3):
            await http.request("POST", server.url, body=b"{}")

    run(script, act)
    assert connections == [1]


def test_a_connection_closed_while_idle_is_replaced_before_anything_is_written() -> None:
    closed = asyncio.Event()

    async def script(connection: Connection) -> None:
        await connection.request()
        await connection.answer(OK)
        if connection.number == 1:
            connection.writer.close()
            closed.set()

    async def act(http: Http, server: Server) -> list[Answer]:
        first = await http.request("POST", f"{server.url}/1", body=b"{}")
        await closed.wait()
        await asyncio.sleep(0.05)
        return [first, await http.request("POST", f"{server.url}/2", body=b"{}")]

    answers, server = run(script, act)
    assert [answer.body for answer in answers] == [b"ok", b"ok"]
    assert server.lines == ["POST /1 HTTP/1.1", "POST /2 HTTP/1.1"]


@pytest.mark.parametrize("end", [Connection.reset, Connection.close])
@pytest.mark.parametrize("method", ["POST", "PUT", "GET", "DELETE"])
def test_a_kept_connection_broken_after_the_request_is_unknown_and_never_repeated(
    method: str, end: Callable[[Connection], None]
) -> None:
    async def script(connection: Connection) -> None:
        await connection.request()
        await connection.answer(OK)
        await connection.request()
        end(connection)

    async def act(http: Http, server: Server) -> None:
        await http.request(method, f"{server.url}/1")
        with pytest.raises(OutcomeUnknown):
            await http.request(method, f"{server.url}/2")

    _, server = run(script, act)
    assert server.lines == [f"{method} /1 HTTP/1.1", f"{method} /2 HTTP/1.1"]


def test_the_client_works_on_another_loop_after_close() -> None:
    http: list[Http] = []

    async def act(server_url: str) -> bytes:
        http[:] = http or [Http("support", trusted=["http://127.0.0.1"])]
        answer = await http[0].request("GET", server_url)
        await http[0].close()
        return answer.body

    async def main() -> bytes:
        async with serving(answering) as server:
            http[:] = [Http("support", trusted=[server.url])]
            return await act(server.url)

    assert [asyncio.run(main()), asyncio.run(main())] == [b"ok", b"ok"]
