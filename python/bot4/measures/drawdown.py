"""How far below its highest a value was, for how long, and how often."""

from dataclasses import dataclass

import numpy as np

from bot4.errors import ParameterError
from bot4.measures.returns import Floats, series, tail
from bot4.measures.tails import historical_tail

LEVEL = 0.95  # of drawdowns: each lasts, so a row of them says little that the next does not


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The deepest fall: a fraction of the peak, and its rows; None where it has not ended.

    `longest` is the most periods from a peak until the value was there again, or until the end.
    `conditional` is the mean of the deepest 1 - `level` of drawdowns (CDaR) and `ulcer` their root
    mean square, both over all rows.
    """

    deepest: float
    peak_row: int
    trough_row: int
    recovered_row: int | None
    longest: int
    conditional: float
    ulcer: float
    level: float


def drawdowns(values: object) -> Floats:
    """How far each value is below the highest so far, as a fraction of it; shape (n,), 0 or above.

    Of equity or prices, all above 0. Raises ParameterError.
    """
    worth = series(values, 1, "values")
    if (worth <= 0).any():
        row = int(np.argmax(worth <= 0))
        raise ParameterError(f"values are 0 or below in row {row}; a drawdown needs them above 0")
    fallen: Floats = 1 - worth / np.maximum.accumulate(worth)
    return fallen


def drawdown(values: object, level: float = LEVEL) -> Drawdown:
    """The deepest drawdown of equity or prices, shape (n,), and what the others were like.

    Raises ParameterError. Sources: Chekhlov, Uryasev, Zabarankin, International Journal of
    Theoretical and Applied Finance 8 (2005), for CDaR; Martin, The Investor's Guide to Fidelity
    Funds (1989), for the ulcer index.
    """
    fallen = drawdowns(values)
    trough = int(fallen.argmax())
    at_peak = np.flatnonzero(fallen == 0)
    peak = int(at_peak[at_peak <= trough][-1])
    later = at_peak[at_peak > trough]
    # From each peak to the next, and from the last to the end.
    spans = np.diff(np.append(at_peak, len(fallen) - 1))
    return Drawdown(
        deepest=float(fallen[trough]),
        peak_row=peak,
        trough_row=trough,
        recovered_row=int(later[0]) if fallen[trough] > 0 and len(later) else None,
        longest=int(spans[spans > 1].max(initial=0)),
        conditional=_mean_of_deepest(fallen, level),
        ulcer=float(np.sqrt(np.mean(fallen**2))),
        level=float(level),
    )


def _mean_of_deepest(fallen: Floats, level: float) -> float:
    if len(fallen) * tail(level) < 1:  # the tail is less than one row: the deepest
        return float(fallen.max())
    return historical_tail(-fallen, level).expected_shortfall
