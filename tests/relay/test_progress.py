"""The position is never beyond an event that is not finished, in whatever order events are finished."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.relay.progress import Progress


@given(st.data())
def test_everything_up_to_the_position_is_finished(data: st.DataObject) -> None:
    wanted = data.draw(st.lists(st.booleans(), min_size=1, max_size=30))
    progress, begun, finished, read = Progress(0), set[int](), set[int](), 0
    for _ in range(data.draw(st.integers(1, 60))):
        act = data.draw(st.sampled_from(["read", "overtake", "finish"]))
        if act == "read" and read < len(wanted):
            read += 1
            if wanted[read - 1] and not progress.knows(read):
                progress.begin(read)
                begun.add(read)
            progress.read = read
        elif act == "overtake" and read < len(wanted):
            ahead = data.draw(st.integers(read + 1, len(wanted)))
            if wanted[ahead - 1] and not progress.knows(ahead):
                progress.begin(ahead)
                begun.add(ahead)
        elif act == "finish" and begun - finished:
            one = data.draw(st.sampled_from(sorted(begun - finished)))
            progress.finish(one)
            finished.add(one)
        unfinished = [n for n, want in enumerate(wanted, 1) if want and n not in finished]
        first = min(unfinished, default=len(wanted) + 1)
        assert progress.position == min(read, first - 1)
        position, beyond = progress.snapshot()
        assert position == progress.position
        assert beyond == sorted(n for n in finished if n > position)
        assert progress.idle == (begun == finished)


def test_who_goes_on_from_a_snapshot_knows_what_was_finished_beyond_it() -> None:
    progress = Progress(0)
    for position in (1, 2, 3, 5):
        progress.begin(position)
    progress.read = 5
    progress.finish(1)
    progress.finish(3)
    progress.finish(5)
    following = Progress(*progress.snapshot())
    assert following.position == 1
    assert [n for n in range(1, 7) if following.knows(n)] == [3, 5]
