"""Risk in numbers: what may be lost, how wild it is, whether that was true, how much to hold.

`b4.measures` is for research and for whoever watches a bot; no order is sized or refused here,
that is the engine's. Returns are simple, fractions, one row a period, oldest first: an array of
shape (n,) or (n, k), or a table with a column an instrument. Losses are positive. Whatever cannot
be told from what was given is a `ParameterError` that says what is missing. Formulas, sources and
the quantile rule are in docs/measures.md.
"""

from bot4.measures.budget import Budgeted, holding_within, portfolio_within, risk_parity
from bot4.measures.coverage import (
    Coverage,
    LikelihoodRatio,
    christoffersen,
    independence_statistic,
    kupiec,
)
from bot4.measures.drawdown import Drawdown, drawdown, drawdowns
from bot4.measures.kelly import (
    PortfolioStake,
    Stake,
    kelly_binary,
    kelly_continuous,
    kelly_of_returns,
    kelly_portfolio,
    largest_fraction,
    mean_shrinkage,
    probability_above_first,
    probability_ever_below,
)
from bot4.measures.limits import distances
from bot4.measures.liquidity import liquidation
from bot4.measures.portfolio import (
    Comovement,
    ComponentRisk,
    comovement,
    component_risk,
    portfolio_returns,
)
from bot4.measures.rolling import RolledRisk, backtest_value_at_risk
from bot4.measures.stress import replay, shock, worst_windows
from bot4.measures.tails import (
    Tail,
    cornish_fisher_quantile,
    cornish_fisher_tail,
    historical_tail,
    in_cornish_fisher_domain,
    normal_tail,
    student_tail,
)
from bot4.measures.var import METHODS, StudentFit, TailRisk, fit_student, value_at_risk
from bot4.measures.volatility import (
    Garch,
    ewma_next,
    ewma_variances,
    fit_garch,
    garch_next,
)

__all__ = [
    "METHODS",
    "Budgeted",
    "Comovement",
    "ComponentRisk",
    "Coverage",
    "Drawdown",
    "Garch",
    "LikelihoodRatio",
    "PortfolioStake",
    "RolledRisk",
    "Stake",
    "StudentFit",
    "Tail",
    "TailRisk",
    "backtest_value_at_risk",
    "christoffersen",
    "comovement",
    "component_risk",
    "cornish_fisher_quantile",
    "cornish_fisher_tail",
    "distances",
    "drawdown",
    "drawdowns",
    "ewma_next",
    "ewma_variances",
    "fit_garch",
    "fit_student",
    "garch_next",
    "historical_tail",
    "holding_within",
    "in_cornish_fisher_domain",
    "independence_statistic",
    "kelly_binary",
    "kelly_continuous",
    "kelly_of_returns",
    "kelly_portfolio",
    "kupiec",
    "largest_fraction",
    "liquidation",
    "mean_shrinkage",
    "normal_tail",
    "portfolio_returns",
    "portfolio_within",
    "probability_above_first",
    "probability_ever_below",
    "replay",
    "risk_parity",
    "shock",
    "student_tail",
    "value_at_risk",
    "worst_windows",
]
