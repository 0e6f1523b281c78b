"""The only reader of configuration files and of the environment; what comes out is frozen, typed.

``tables`` says which settings there are and what each allows, ``overrides`` reads the environment,
``reading`` puts file and overrides together, ``wording`` makes a refusal one line, and ``showing``
writes down what holds. What the settings mean is for others to say. There is no type for secrets
yet, because before there is a venue nothing has one.
"""

from bot4.config.overrides import PREFIX
from bot4.config.reading import (
    Reading,
    checked_for_a_run,
    read,
    read_backtest,
    read_run,
    run_folder,
)
from bot4.config.showing import as_json, as_toml, json_schema
from bot4.config.tables import (
    BacktestTable,
    Config,
    InstrumentTable,
    LogTable,
    MeasureTable,
    Method,
    MetricsTable,
    RiskTable,
    RunTable,
    StrategyTable,
)

__all__ = [
    "PREFIX",
    "BacktestTable",
    "Config",
    "InstrumentTable",
    "LogTable",
    "MeasureTable",
    "Method",
    "MetricsTable",
    "Reading",
    "RiskTable",
    "RunTable",
    "StrategyTable",
    "as_json",
    "as_toml",
    "checked_for_a_run",
    "json_schema",
    "read",
    "read_backtest",
    "read_run",
    "run_folder",
]
