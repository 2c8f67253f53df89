"""What a log line shows, and what it never shows."""

import io
import json
import logging
import re
import sys
import warnings

import pytest
import structlog

from connectors.kit.secret import Secret
from gateway import logs

TOKEN = Secret('12:AB/c"d é')


@pytest.fixture
def stream():
    """Where lines go; afterwards logging is as pytest left it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers, root.level = handlers, level
    logging.captureWarnings(False)
    structlog.reset_defaults()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines(stream: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_its_time_and_what_is_bound(stream):
    logs.configure("info", stream=stream)
    with structlog.contextvars.bound_contextvars(trace_id="abc", connector="support"):
        structlog.get_logger("gateway.receive").info("recorded", count=2)
    [line] = lines(stream)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line.pop("timestamp"))
    assert line == {
        "event": "recorded",
        "level": "info",
        "logger": "gateway.receive",
        "trace_id": "abc",
        "connector": "support",
        "count": 2,
    }


def test_libraries_are_heard_in_the_same_form_and_once(stream):
    logging.getLogger("uvicorn.error").addHandler(logging.StreamHandler(sys.stderr))
    logs.configure("info", stream=stream)
    logging.getLogger("uvicorn.error").info("listening on %s", "127.0.0.1", extra={"token": "hunter2", "port": 1})
    [line] = lines(stream)
    del line["timestamp"]
    assert line == {
        "event": "listening on 127.0.0.1",
        "level": "info",
        "logger": "uvicorn.error",
        "token": "***",
        "port": 1,
    }


def test_configuring_twice_says_everything_once(stream):
    logs.configure("info", stream=io.StringIO())
    logs.configure("warning", stream=stream)
    log = structlog.get_logger("x")
    log.info("quiet")
    log.warning("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_a_logger_made_before_configuring_follows_it(stream):
    log = structlog.get_logger("early")
    logs.configure("error", stream=io.StringIO())
    log.error("elsewhere")
    logs.configure("debug", stream=stream)
    log.debug("here")
    assert [line["event"] for line in lines(stream)] == ["here"]


def test_noisy_libraries_say_nothing_below_warnings(stream):
    logs.configure("debug", noisy=["chatty"], stream=stream)
    logging.getLogger("chatty").info("GET https://provider/secret")
    logging.getLogger("chatty").warning("careful")
    assert [line["event"] for line in lines(stream)] == ["careful"]


@pytest.mark.parametrize(
    "key",
    [
        "token",
        "secret",
        "password",
        "Authorization",
        "secret_token",
        "x-api-secret-token",
        "api_key",
        "Cookie",
        "set-cookie",
    ],
)
def test_what_a_key_calls_a_secret_is_hidden_however_deep(stream, key):
    logs.configure("info", stream=stream)
    structlog.get_logger().info("got", **{key: "hunter2"}, request={"headers": [{key: "hunter2"}]})
    assert "hunter2" not in stream.getvalue()
    assert lines(stream)[0]["request"] == {"headers": [{key: "***"}]}


def test_words_that_only_contain_such_a_name_are_shown(stream):
    logs.configure("info", stream=stream)
    structlog.get_logger().info("got", tokens=3, secretary="Ada", broken="yes")
    assert {"tokens": 3, "secretary": "Ada", "broken": "yes"}.items() <= lines(stream)[0].items()


@pytest.mark.parametrize("form", ["log", "library", "traceback", "object", "url", "binding", "terminal"])
def test_a_configured_secret_is_hidden_wherever_it_stands(stream, form):
    class Client:
        def __repr__(self) -> str:
            return f"Client({TOKEN.reveal()})"

    stream = Terminal() if form == "terminal" else stream
    logs.configure("info", [TOKEN], stream=stream)
    log = structlog.get_logger("x")
    match form:
        case "log" | "terminal":
            event = f"calling {TOKEN.reveal()}"
            log.info(event, body=[TOKEN.reveal()])
        case "library":
            logging.getLogger("sdk").info("calling %s", TOKEN.reveal())
        case "traceback":
            try:
                raise ValueError(TOKEN.reveal())
            except ValueError:
                log.exception("failed")
        case "object":
            log.info("made", client=Client(), secret_object=TOKEN)
        case "url":
            log.info("calling https://provider/bot12%3AAB%2Fc%22d%20%C3%A9/send")
        case "binding":
            with structlog.contextvars.bound_contextvars(path=TOKEN.reveal()):
                log.info("calling")
    assert "***" in stream.getvalue()
    for piece in ("AB/c", "AB%2Fc"):
        assert piece not in stream.getvalue()


def test_secrets_are_learnt_at_reload_and_old_ones_stay_hidden(stream):
    logs.configure("info", [Secret("old-hunter")], stream=stream)
    logs.configure("info", [Secret("new-hunter")], stream=stream)
    structlog.get_logger().info("old-hunter and new-hunter")
    assert lines(stream)[0]["event"] == "*** and ***"


def test_a_very_short_secret_does_not_hide_the_log(stream):
    logs.configure("info", [Secret(""), Secret("e")], stream=stream)
    structlog.get_logger().info("recorded")
    assert lines(stream)[0]["event"] == "recorded"


def test_what_is_logged_is_bounded(stream):
    logs.configure("info", stream=stream)
    deep: list = []
    deep.append(deep)
    structlog.get_logger().info("got", text="x" * 100_000, many=list(range(10_000)), deep=deep)
    [line] = lines(stream)
    assert (len(line["text"]), len(line["many"])) == (16_385, 100)
    assert json.dumps(line["deep"], ensure_ascii=False) == "[" * 6 + '"…"' + "]" * 6


def test_any_text_can_be_logged(stream):
    logs.configure("info", stream=stream)
    structlog.get_logger().info("got", text="\ud800\x00\n{}", **{"key\n": object})
    assert len(stream.getvalue().splitlines()) == 1


def test_warnings_are_logged(stream):
    logs.configure("info", stream=stream)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old ways", stacklevel=1)
    assert "old ways" in lines(stream)[0]["event"]
    assert lines(stream)[0]["logger"] == "py.warnings"
