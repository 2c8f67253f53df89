"""Ids that sort by the time they were made."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from normalizer.ids import made_at, uuid7

MOMENTS = st.integers(0, 2**48 - 1)
ENTROPY = st.integers(0, 2**74 - 1)


@given(MOMENTS, ENTROPY)
def test_an_id_is_a_uuid_of_version_7_that_carries_its_moment(ms: int, entropy: int) -> None:
    id_ = uuid7(ms, entropy)
    assert (str(UUID(id_)), UUID(id_).version, made_at(id_)) == (id_, 7, ms)


@given(MOMENTS, MOMENTS, ENTROPY, ENTROPY)
def test_ids_of_different_moments_sort_by_them(first: int, second: int, some: int, other: int) -> None:
    if first != second:
        assert (uuid7(first, some) < uuid7(second, other)) == (first < second)
