"""Value at risk out of sample: never from what it judges, and as often wrong as it says."""

import numpy as np
import pytest

import bot4 as b4

m = b4.measures
N, WINDOW = 420, 300
RETURNS = np.random.default_rng(51).standard_t(5, N) * 0.01


@pytest.mark.parametrize("method", ["historical", "normal", "cornish_fisher", "ewma", "student"])
def test_each_row_is_the_method_on_the_window_before_it(method: m.var.Method) -> None:
    rolled = m.backtest_value_at_risk(RETURNS, 0.99, method, window=WINDOW, refit=40).frame
    assert rolled["row"].to_list() == list(range(WINDOW, N))
    rows = (
        (WINDOW, WINDOW + 40, WINDOW + 80) if method == "student" else (WINDOW, WINDOW + 57, N - 1)
    )
    for row in rows:
        found = m.value_at_risk(RETURNS[row - WINDOW : row], 0.99, method)
        there = rolled.row(row - WINDOW, named=True)
        assert there["return"] == RETURNS[row]
        assert there["value_at_risk"] == pytest.approx(found.value_at_risk, rel=1e-9)
        assert there["expected_shortfall"] == pytest.approx(found.expected_shortfall, rel=1e-9)


def test_garch_is_fitted_to_the_window_and_follows_until_it_is_again() -> None:
    rolled = m.backtest_value_at_risk(RETURNS, 0.99, "garch", window=WINDOW, refit=60).frame
    for row in (WINDOW, WINDOW + 60):
        found = m.value_at_risk(RETURNS[row - WINDOW : row], 0.99, "garch")
        assert rolled["value_at_risk"][row - WINDOW] == pytest.approx(found.value_at_risk)
    fitted = m.fit_garch(RETURNS[:WINDOW], float(RETURNS[:WINDOW].mean()))
    shock = RETURNS[WINDOW] - fitted.mean
    variance = m.garch_next(fitted.next_variance, shock, fitted.omega, fitted.alpha, fitted.beta)
    second = m.normal_tail(0.99, fitted.mean, variance**0.5)
    assert rolled["value_at_risk"][1] == pytest.approx(second.value_at_risk)


@pytest.mark.parametrize("method", m.METHODS)
def test_the_future_changes_nothing_that_was_said(method: m.var.Method) -> None:
    poisoned = RETURNS.copy()
    poisoned[WINDOW + 40 :] = np.random.default_rng(1).standard_normal(N - WINDOW - 40)
    one, other = (
        m.backtest_value_at_risk(told, 0.99, method, window=WINDOW, refit=25).frame
        for told in (RETURNS, poisoned)
    )
    columns = ["value_at_risk", "expected_shortfall"]
    assert one[:41].select(columns).equals(other[:41].select(columns))
    assert not one.select(columns).equals(other.select(columns))


@pytest.mark.parametrize("method", ["historical", "normal", "ewma"])
def test_a_right_model_is_violated_as_often_as_it_says(method: m.var.Method) -> None:
    calm = np.random.default_rng(52).standard_normal(20_000) * 0.02
    rolled = m.backtest_value_at_risk(calm, 0.95, method, window=1_000, decay=0.995)
    assert rolled.coverage.violations == int(rolled.frame["violated"].sum())
    assert rolled.coverage.violations / rolled.coverage.n == pytest.approx(0.05, abs=0.006)
    assert rolled.coverage.conditional.p_monte_carlo > 0.01


def test_a_model_that_ignores_clusters_is_found_out_and_garch_is_not() -> None:
    draw = np.random.default_rng(53)
    variance, told = 1e-4, []
    for shock in draw.standard_normal(4_000):
        told.append(shock * variance**0.5)
        variance = 2e-6 + 0.15 * told[-1] ** 2 + 0.83 * variance
    plain = m.backtest_value_at_risk(told, 0.95, "historical", window=1_000)
    garch = m.backtest_value_at_risk(told, 0.95, "garch", window=1_000, refit=500)
    assert plain.coverage.independence.p_monte_carlo <= 0.01
    assert garch.coverage.conditional.p_monte_carlo > 0.05


def test_where_a_method_gives_way_it_is_counted() -> None:
    flat = np.concatenate([np.zeros(300), RETURNS[:120]])
    rolled = m.backtest_value_at_risk(flat, 0.99, "garch", window=300, refit=60)
    assert rolled.fell_back == 60
    assert rolled.frame["value_at_risk"][:60].to_list() == [0.0] * 60
    student = m.backtest_value_at_risk(flat, 0.99, "student", window=300, refit=60)
    assert student.fell_back == 60
    expanded = m.backtest_value_at_risk(flat, 0.99, "cornish_fisher", window=300)
    assert expanded.fell_back >= 1
    assert np.isfinite(expanded.frame["value_at_risk"].to_numpy()).all()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"window": 1}, "window is 1"),
        ({"window": 99}, "cannot be seen in 99"),
        ({"window": 249, "method": "garch"}, "garch needs 250"),
        ({"window": 419}, "at least 421"),
        ({"refit": 0}, "refit is 0"),
        ({"method": "magic"}, "no method 'magic'"),
    ],
)
def test_refuses_in_one_line(settings: dict[str, object], words: str) -> None:
    with pytest.raises(b4.ParameterError, match=r"^[^\n]*$") as refused:
        m.backtest_value_at_risk(RETURNS, **settings)  # type: ignore[arg-type]
    assert words in str(refused.value)
