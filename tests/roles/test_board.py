"""Who is writing just now, where one process hears it and another shows it."""

import asyncio
from pathlib import Path

from gateway.board import Board, Seat
from gateway.hub import Hub
from gateway.roles import ALL, Role
from tests.web.parrot import make_hub

ANN = Seat("perch", "ann, \"the\" 'first'\n")


def test_what_one_process_says_all_of_them_know() -> None:
    boards: list[Board] = []
    said: list[str] = []

    def tell(text: str) -> None:
        said.append(text)
        for board in boards:
            board.told(text)

    boards += [Board(tell), Board(tell)]
    seen: list[tuple[int, Seat]] = []
    for n, board in enumerate(boards):
        board.listen(lambda seat, n=n: seen.append((n, seat)))  # type: ignore[misc]
    here, there = boards
    here.show(ANN)
    assert seen == [(0, ANN), (1, ANN)]
    there.heard(ANN, True)
    assert (here.writes(ANN), there.writes(ANN)) == (True, True)
    here.heard(ANN, False)
    assert (here.writes(ANN), there.writes(ANN)) == (False, False)
    assert len(said) == 3


def test_alone_it_tells_nobody() -> None:
    board, seen = Board(), list[Seat]()
    board.listen(seen.append)
    board.show(ANN)
    board.heard(ANN, True)
    assert (seen, board.writes(ANN)) == ([ANN], True)


def woken(hub: Hub) -> list[tuple[str, str]]:
    """What the processes beside it are woken with, when somebody is shown that somebody writes."""
    told: list[tuple[str, str]] = []
    committed = hub.writer._committed

    def note(transaction: object) -> None:
        told.extend(transaction.woken)  # type: ignore[attr-defined]
        committed(transaction)  # type: ignore[arg-type]

    hub.writer._committed = note

    async def show() -> None:
        await hub.start()
        seen: list[Seat] = []
        hub.board.listen(seen.append)
        hub.board.show(ANN)
        async with asyncio.timeout(10):
            while not seen:  # noqa: ASYNC110 - a board rings no bell
                await asyncio.sleep(0.01)
        await hub.stop()

    asyncio.run(show())
    return [one for one in told if one[0] == "typing"]


def test_a_commit_that_writes_nothing_tells_the_others(tmp_path: Path) -> None:
    [(what, whom)] = woken(make_hub(tmp_path, roles=frozenset({Role.RECEIVE})))
    other = Board()
    seen: list[Seat] = []
    other.listen(seen.append)
    other.told(whom)
    assert (what, seen) == ("typing", [ANN])


def test_a_hub_that_is_alone_does_not_trouble_its_store(tmp_path: Path) -> None:
    assert woken(make_hub(tmp_path, roles=ALL)) == []
