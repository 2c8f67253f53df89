"""The simulated provider behaves, and misbehaves, as told."""

import asyncio
import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pigeon
import pytest
import requests
from pigeon.simulator import Simulator

from connectors.kit.testing.simulator import Failure, WireRequest

CONFIG: dict[str, Any] = json.loads((Path(pigeon.__file__).parent / "fixtures" / "config.json").read_text())["config"]


def post(provider: Simulator, path: str = "/v1/letters?a=b", **options: Any) -> requests.Response:
    return requests.post(provider.url + path, data=b"{}", headers={"X-A": "b"}, timeout=5, **options)


def test_requests_are_kept_as_they_were_on_the_wire() -> None:
    with Simulator(CONFIG) as provider:
        assert post(provider).json() == {"letter": "P1"}
        (seen,) = provider.requests
    assert (seen.method, seen.path, seen.body) == ("POST", "/v1/letters?a=b", b"{}")
    assert seen.headers["x-a"] == "b"


def test_failures_meet_the_next_sends_in_their_order() -> None:
    with Simulator(CONFIG) as provider:
        provider.next(Failure.RATE_LIMITED, Failure.REFUSED)
        answers = [post(provider) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [429, 422, 200]
        assert answers[0].headers["retry-after"] == "7"
        assert (len(provider.requests), len(provider.performed)) == (3, 1)


@pytest.mark.parametrize(("failure", "performed"), [(Failure.RESET, 0), (Failure.LOST_ANSWER, 1)])
def test_a_lost_answer_was_performed_and_a_reset_was_not(failure: Failure, performed: int) -> None:
    with Simulator(CONFIG) as provider:
        provider.next(failure)
        with pytest.raises(requests.ConnectionError, match="reset"):
            post(provider)
        assert (len(provider.requests), len(provider.performed)) == (1, performed)


def test_a_hanging_provider_ends_when_it_is_closed() -> None:
    with Simulator(CONFIG) as provider:
        provider.next(Failure.HANG)
        with pytest.raises(requests.ReadTimeout):
            requests.post(provider.url, timeout=0.2)
        assert provider.performed == []


def test_failures_pass_by_what_is_no_send() -> None:
    class Choosy(Simulator):
        def is_send(self, request: WireRequest) -> bool:
            return not request.path.endswith("/cooing")

    with Choosy(CONFIG) as provider:
        provider.next(Failure.REFUSED)
        assert [post(provider, path).status_code for path in ("/cooing", "/letters", "/letters")] == [200, 422, 200]


def test_arrivals_can_be_awaited() -> None:
    with Simulator(CONFIG) as provider:
        asking = threading.Thread(target=lambda: [post(provider) for _ in range(3)], daemon=True)
        asking.start()
        assert len(provider.wait(3)) == 3
        asking.join()
        with pytest.raises(TimeoutError, match="3 of 4"):
            provider.wait(4, seconds=0.05)
        provider.clear()
        assert (provider.requests, provider.performed) == ([], [])


def test_it_runs_beside_a_loop_of_its_user() -> None:
    async def main() -> int:
        with Simulator(CONFIG) as provider:
            return (await asyncio.to_thread(post, provider)).status_code

    assert asyncio.run(main()) == 200


def test_it_knows_its_address_in_the_configuration() -> None:
    with Simulator(CONFIG) as provider:
        assert provider.settings() == {**CONFIG, "api_base": provider.url}
    with pytest.raises(requests.ConnectionError):
        post(provider)


def test_it_serves_until_interrupted() -> None:
    script = (
        f"import sys; sys.path.insert(0, {str(Path(pigeon.__file__).parent.parent)!r});"
        "from pigeon.simulator import Simulator; from connectors.kit.testing.simulator import run;"
        f"run(Simulator({CONFIG!r}))"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert requests.post(url, timeout=5).status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
