"""What is shown of limits and of how much of them is in use."""

from bot4.live.uses import nearest, said, uses
from live.pictures import limit, picture


def test_a_row_says_what_sets_it_and_how_much_is_in_use() -> None:
    rows = {row.limit: row for row in uses(picture())}
    assert list(rows)[:2] == ["position_max", "gross_max"]
    assert (rows["position_max"].codes, rows["position_max"].value) == (("R10",), "0.02")
    assert said(rows["position_max"]) == "98.21 % (BTCUSDT)"
    assert said(rows["gross_max"]) == "25.00 %"
    assert said(rows["net_max"]) == "off"
    assert said(rows["group_max"]) == "unknown, as a price or a measure is missing"
    assert said(rows["order_max"]) == "with each order"
    assert said(rows["repeats_max"]) == "0.00 %", "of nothing nobody uses most"
    assert rows["shorting"].value == "false"


def test_the_nearest_limit_is_the_one_that_most_is_used_of() -> None:
    most = nearest(uses(picture()))
    assert most is not None
    assert most.limit == "position_max"


def test_where_nothing_is_in_use_none_is_nearest() -> None:
    limits = [limit("gross_max", "0.2", use=0.0), limit("net_max", "100", state="off")]
    told = {"profile": "default", "scale": "1", "measure": None, "limits": limits}
    assert nearest(uses(picture(engine={"risk": told}))) is None


def test_far_too_much_is_said_as_such() -> None:
    over = [limit("position_max", "0", use=429_496.7295, of="BTCUSDT")]
    told = {"profile": "default", "scale": "1", "measure": None, "limits": over}
    (row,) = uses(picture(engine={"risk": told}))
    assert said(row) == "over 10,000 % (BTCUSDT)"
