"""A setting is an exact number within its bounds, and its default is said in one place."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import bot4 as b4
from bot4.settings import decimal, shown, whole


@pytest.mark.parametrize(
    ("value", "exact"),
    [
        (10, "10"),
        (0.1, "0.1"),
        (" 7.50 ", "7.50"),
        ("+1e3", "1000"),
        (".5", "0.5"),
        (Decimal("1e-12"), "0.000000000001"),
        (np.float64(2.5), "2.5"),
        (np.int64(3), "3"),
        ("0e-99999999", "0"),
    ],
)
def test_a_number_is_taken_as_it_is_written(value: object, exact: str) -> None:
    assert decimal(value, "cash") == Decimal(exact)
    assert len(format(decimal(value, "cash"), "f")) < 20


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("1_000", "cash is '1_000', which is not a number"),
        ("1,000", "which is not a number"),
        ("１２", "which is not a number"),
        ("", "cash is '', which is not a number"),
        ("0x10", "which is not a number"),
        ("-inf", "give a finite number"),
        (float("nan"), "give a finite number"),
        (True, "cash is True, which is not a number"),
        (None, "cash is None, which is not a number"),
        ([1], "cash is [1], which is not a number"),
        (b"1", "which is not a number"),
        (Fraction(1, 3), "which is not a number"),
        pytest.param(10**5_000, "an integer of thousands of digits, which is not", id="huge"),
        ("1e999999999", "allowed: at most 28 digits, and a size from 1e-30 to 1e30"),
        ("1e-999999999", "allowed: at most 28 digits"),
        ("0." + "1" * 29, "allowed: at most 28 digits"),
        ("1e-7", "cash is 1e-7; allowed: at most 6 decimal places"),
    ],
)
def test_refuses_what_is_no_plain_number(value: object, words: str) -> None:
    with pytest.raises(b4.ParameterError) as refused:
        decimal(value, "cash", places_max=6)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("value", ["5", 5.0, True, None, 1, 11, pytest.param(10**5_000, id="huge")])
def test_refuses_what_is_no_whole_number_within_bounds(value: object) -> None:
    with pytest.raises(b4.ParameterError, match=r"bars is .*; allowed: from 2 to 10") as refused:
        whole(value, "bars", "from 2 to 10", 2, 10)
    assert shown(value) in str(refused.value)


def test_a_whole_number_may_be_numpys() -> None:
    assert whole(np.int32(4), "bars", "any", 2) == 4
    assert type(whole(np.int32(4), "bars", "any", 2)) is int
