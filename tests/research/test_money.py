"""Numbers become exact decimal text, or are refused."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from bot4.research.money import cash, rate, share, text


@settings(derandomize=True)
@given(st.decimals("0.00000001", "1000000000", places=8))
def test_text_is_plain_and_exact(amount: Decimal) -> None:
    written = text(cash(amount))
    assert Decimal(written) == amount
    assert "E" not in written


@settings(derandomize=True)
@given(st.integers(1, 1000))
def test_shares_never_add_up_to_more_than_the_whole(parts: int) -> None:
    one = share(Decimal(1), parts)
    assert one * parts <= 1
    assert 1 - one * parts < Decimal("1e-9")


def test_basis_points_become_a_fraction() -> None:
    assert text(rate(10, "fee_bps")) == "0.0010"
    assert text(rate("0.01", "fee_bps")) == "0.000001"
    assert text(rate(1e-7, "fee_bps")) == "0.00000000001"
