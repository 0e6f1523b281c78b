"""The breaker of a component: it opens, waits longer each time, tries, and closes when it holds."""

import pytest

from bot4.live.breaker import STEADY_S, WAIT_S_FIRST, WAIT_S_MAX, Breaker


def test_begins_closed() -> None:
    breaker = Breaker("copies")
    assert (breaker.state(0.0), breaker.reason, breaker.restarts) == ("closed", None, 0)


def test_opens_probes_and_closes_when_it_has_held() -> None:
    breaker = Breaker("copies")
    breaker.trip("no space", 10.0)
    assert (breaker.state(10.0), breaker.reason) == ("open", "no space")
    breaker.probe(11.0)
    assert (breaker.state(11.0), breaker.restarts) == ("half_open", 1)
    assert breaker.since_s(12.0) == 1.0
    assert breaker.state(11.0 + STEADY_S) == "closed"
    assert breaker.reason is None
    assert breaker.since_s(12.0 + STEADY_S) == 1.0


def test_waits_double_up_to_a_bound_and_begin_anew_once_closed() -> None:
    breaker = Breaker("copies")
    waits = []
    for second in range(12):
        waits.append(breaker.trip("again", float(second)))
        breaker.probe(float(second))
    for number, wait in enumerate(waits):
        whole = min(WAIT_S_FIRST * 2**number, WAIT_S_MAX)
        assert whole / 2 <= wait <= whole
    assert breaker.trip("later", 12.0 + STEADY_S) <= WAIT_S_FIRST


@pytest.mark.parametrize("other", [Breaker("metrics"), Breaker("copies", salt="another folder")])
def test_waits_differ_between_bots_and_components(other: Breaker) -> None:
    assert Breaker("copies").trip("x", 0.0) != other.trip("x", 0.0)


def test_the_same_failures_wait_the_same() -> None:
    assert Breaker("copies").trip("x", 0.0) == Breaker("copies").trip("x", 5.0)
