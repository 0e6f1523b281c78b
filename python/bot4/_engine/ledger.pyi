"""The engine's ledger by itself."""

from collections.abc import Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray

@final
class Ledger:
    """An exact double-entry ledger, for trades that no bot made: the very one that bots keep.

    ``instruments`` are ``(venue:SYMBOL, base, quote, price_scale, qty_scale)``; a scale is how many
    decimal places an integer price or size has. Whatever is told, the sides of each asset sum to
    zero, and no unit is lost. Raises EngineError for what cannot be, and changes nothing then.
    """

    def __new__(
        cls,
        instruments: Sequence[tuple[str, str, str, int, int]],
        fee_assets: Sequence[str] = (),
    ) -> Ledger: ...
    def trades(
        self,
        instrument: NDArray[np.int64],
        price: NDArray[np.int64],
        qty: NDArray[np.int64],
        fee: NDArray[np.int64],
        fee_asset: NDArray[np.int64],
        *,
        fee_decimals: int = 8,
    ) -> None:
        """Book trades, one a row: all of them, or none.

        ``instrument`` is a place in the list; ``qty`` is above 0 for what was bought and below for
        what was sold; ``fee`` has ``fee_decimals`` places and is paid on top, a rebate below 0;
        ``fee_asset`` is a place in ``fee_assets``, or -1 for the quote. A fee in the base is paid
        out of the position.
        """

    def balances(self) -> dict[tuple[str, str], tuple[int, int, int]]:
        """By (venue, asset): what is ours, the market's and the venue's fees, in 10**-18."""

    def positions(self) -> list[tuple[int, int, int]]:
        """Of each instrument: size at its scale, cost at average and realised profit in 10**-18."""
