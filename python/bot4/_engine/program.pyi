"""Signal programs, and the tables of what they and the limits may say."""

from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

def operations() -> list[dict[str, Any]]:
    """Every operation of a signal program, in the order of the table in the engine.

    Each is ``{"name": str, "operands": list[str], "parameters": list[dict], "gives": str,
    "summary": str}``; a parameter is ``{"name": str, "min": float, "max": float}``; ``gives`` is
    ``"number"`` or ``"condition"``.
    """

def risk_profiles() -> dict[str, dict[str, str | bool]]:
    """The named profiles: limit name to its value. Rates are decimal text, fractions of equity."""

def risk_limits() -> dict[str, dict[str, str]]:
    """Each limit by its name: ``{"meaning": …, "allowed": …, "safe": …}``, in words."""

def risk_needs_reason(profile: str, limit: str, value: str | bool) -> bool:
    """Whether a value lets more through than the profile does and than is safe.

    Raises RiskError: no such profile or limit, or a value that the limit cannot have.
    """

def risk_checks() -> list[dict[str, Any]]:
    """Every check that stands before an order, in the order of codes.

    Each is ``{"code": str, "what": str, "where": str, "always": bool, "refusals": [str],
    "limits": [str]}``.
    """

@final
class Program:
    """A signal program: expressions checked, flattened, common parts shared.

    ``nodes`` are ``(name, operands, parameters)``; an operand is the index of an earlier node.
    Inputs have no operands and most no parameters (``"close"``, but ``("ofi", [], [5])``); a
    constant is ``("constant", [], [value])``. ``outputs`` are indices of nodes. Raises SignalError.
    """

    def __new__(
        cls, nodes: Sequence[tuple[str, Sequence[int], Sequence[float]]], outputs: Sequence[int]
    ) -> Program: ...
    @property
    def inputs(self) -> list[str]:
        """The columns it reads, each once: ``open high ... equity ... bid ... depth_bid_5 ...``."""

    @property
    def operations(self) -> int:
        """How many operations run for one event, after sharing."""

    @property
    def warm_up(self) -> list[int]:
        """For each output, how many bars it must see before its first value."""

    def columns(self, inputs: Mapping[str, NDArray[np.float64]]) -> list[NDArray[np.float64]]:
        """Run over whole columns; one array per output, NaN until warm.

        Bit-identical to feeding the rows one by one. Raises SignalError when an input is missing
        or lengths differ.
        """
