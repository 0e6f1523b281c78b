"""A strategy whose journal grows quickly: it follows every change of a simulated book closely."""

import bot4 as b4


@b4.strategy
def busy() -> b4.Quote:
    """One order a side at a basis point, moved whenever the middle moves."""
    return b4.quote(0.0001, 0.0001, 0.01, levels=1, requote=0.0)
