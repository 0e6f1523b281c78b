"""What every tail measure has to be, whatever the returns: seeded, and the same each day."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bot4 as b4

m = b4.measures
RETURNS = st.lists(st.floats(-0.9, 0.9).map(lambda x: round(x, 6)), min_size=40, max_size=120)
LEVELS = st.sampled_from([0.5, 0.75, 0.9, 0.95, 0.975])
QUICK = st.sampled_from(["historical", "normal", "ewma", "cornish_fisher"])


@settings(derandomize=True, max_examples=150, deadline=None)
@given(RETURNS, LEVELS, QUICK)
def test_the_mean_beyond_is_no_less_than_what_it_lies_beyond(
    returns: list[float], level: float, method: m.var.Method
) -> None:
    found = m.value_at_risk(returns, level, method)
    assert found.expected_shortfall >= found.value_at_risk - 1e-12
    assert np.isfinite(found.value_at_risk)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(RETURNS, LEVELS, QUICK, st.floats(0.01, 5))
def test_twice_as_much_held_may_lose_twice_as_much(
    returns: list[float], level: float, method: m.var.Method, scale: float
) -> None:
    one = m.value_at_risk(returns, level, method)
    more = m.value_at_risk(np.array(returns) * scale, level, method)
    if one.method == more.method:  # at the very edge of a domain rounding decides
        assert more.value_at_risk == pytest.approx(one.value_at_risk * scale, rel=1e-7, abs=1e-9)
        expected = one.expected_shortfall * scale
        assert more.expected_shortfall == pytest.approx(expected, rel=1e-7, abs=1e-9)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(RETURNS, QUICK)
def test_a_higher_level_is_a_greater_loss(returns: list[float], method: m.var.Method) -> None:
    levels = (0.5, 0.75, 0.9, 0.95, 0.975)
    found = [m.value_at_risk(returns, level, method) for level in levels]
    for lower, higher in pairwise(found):
        assert higher.value_at_risk >= lower.value_at_risk - 1e-12
        assert higher.expected_shortfall >= lower.expected_shortfall - 1e-12


@settings(derandomize=True, max_examples=100, deadline=None)
@given(RETURNS, RETURNS, LEVELS)
def test_the_shortfall_of_both_is_no_more_than_that_of_each(
    one: list[float], other: list[float], level: float
) -> None:
    """Subadditive, which value at risk is not (Acerbi and Tasche, 2002)."""
    n = min(len(one), len(other))
    first, second = np.array(one[:n]), np.array(other[:n])
    alone = sum(m.historical_tail(each, level).expected_shortfall for each in (first, second))
    assert m.historical_tail(first + second, level).expected_shortfall <= alone + 1e-12


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.lists(st.booleans(), min_size=2, max_size=60), LEVELS)
def test_ratios_are_never_below_nothing_and_chances_are_chances(
    hits: list[bool], level: float
) -> None:
    found = m.christoffersen(hits, level, draws=19)
    for ratio in (found.kupiec, found.independence, found.conditional):
        assert ratio.statistic >= 0
        assert 0 <= ratio.p_chi_square <= 1
        assert 0 < ratio.p_monte_carlo <= 1
