"""Signals of books and trades, by name: what the market looks like between two bars.

An input of a book belongs to the book's clock: what is built on it takes one sample whenever
something of the book that the program reads changed. An input of a trade takes one sample a trade.
What mixes both runs on either, with the last value of the other. Over a table (`compute`) every
row is one event of each; an input with a parameter is a column that has it in its name:
``depth_bid_5``, ``ofi_1``, ``sweep_buy_0.5``.

==========================  =======  =============================================================
``bid`` ``ask``             quote    highest bid and lowest ask; clock: book
``bid_size`` ``ask_size``   base     what stands there; clock: book
``mid`` ``spread``          quote    half of ``bid + ask``; ``ask - bid``; clock: book
``microprice``              quote    the mid, weighted by the size of the other side (Stoikov 2018,
                                     its first approximation); clock: book
``quote_age``               seconds  since the touch has had its prices; clock: book
``trade_price``             quote    of the trade; clock: trade
``trade_size``              base     of the trade; clock: trade
``trade_sign``              none     1 where the taker bought, -1 where it sold; clock: trade
``signed_flow``             base     ``trade_sign * trade_size``; clock: trade
``trade_age``               seconds  since the trade before; clock: trade
==========================  =======  =============================================================
"""

from bot4.errors import SignalError
from bot4.expression import Expr, as_number, counted
from bot4.signals import decayed_sum

bid = Expr("bid")
ask = Expr("ask")
bid_size = Expr("bid_size")
ask_size = Expr("ask_size")
quote_age = Expr("quote_age")
trade_price = Expr("trade_price")
trade_size = Expr("trade_size")
trade_sign = Expr("trade_sign")
trade_age = Expr("trade_age")

mid = (bid + ask) * 0.5
spread = ask - bid
microprice = (bid * ask_size + ask * bid_size) / (bid_size + ask_size)
signed_flow = trade_sign * trade_size


def depth(side: str, levels: int = 1) -> Expr:
    """How much the best `levels` levels of the ``"bid"`` or ``"ask"`` side hold, in base units.

    Source: the book. Clock: book. Fewer levels than asked for give what there is.
    """
    if side not in ("bid", "ask"):
        raise SignalError(f"depth: side is 'bid' or 'ask', not {side!r}")
    return counted(f"depth_{side}", "levels", levels)


def imbalance(levels: int = 1) -> Expr:
    """``(B - A) / (B + A)`` of the sizes of the best `levels` bids and asks: -1 to 1, no unit.

    Source: the book. Clock: book.
    """
    held, offered = depth("bid", levels), depth("ask", levels)
    if held.params == (1.0,):
        held, offered = bid_size, ask_size
    return (held - offered) / (held + offered)


def ofi(levels: int = 1) -> Expr:
    """Order-flow imbalance of the last change of the book, in base units.

    What came to the bids less what left them, less the same of the asks; summed over the best
    `levels` levels, level by level. Not known at the first sight of a book. Clock: book.

    Source: R. Cont, A. Kukanov, S. Stoikov, The Price Impact of Order Book Events (2014); for more
    than one level K. Xu, M. Gould, S. Howison, Multi-Level Order-Flow Imbalance (2018).
    """
    return counted("ofi", "levels", levels)


def sweep_cost(side: str, size: float) -> Expr:
    """What taking `size` base units from the book now costs against the mid, as a fraction of it.

    `side` is ``"buy"`` or ``"sell"``; a cost is above zero for both. No value where the book does
    not hold as much. Source: the whole book. Clock: book.
    """
    if side not in ("buy", "sell"):
        raise SignalError(f"sweep_cost: side is 'buy' or 'sell', not {side!r}")
    base = as_number(size, "sweep_cost: size must be a number of base units")
    price = Expr(f"sweep_{side}", (), (base,))
    return price / mid - 1 if side == "buy" else 1 - price / mid


def trade_intensity(seconds: float) -> Expr:
    """Trades per second, each forgotten exponentially with a time constant of `seconds`.

    It is that of the last trade: it does not fall while nobody trades. Not known at the first
    trade, which has no age. Clock: trade.
    """
    constant = as_number(seconds, "trade_intensity: seconds must be a number above zero")
    if not 0 < constant < float("inf"):
        raise SignalError(f"trade_intensity: seconds must be a number above zero, not {seconds!r}")
    return decayed_sum(1 / constant, trade_age / constant)
