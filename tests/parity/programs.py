"""Programs of a single operation, for tests over the whole table of operations."""

from bot4 import _engine

FIELDS = ("open", "high", "low", "close", "volume")

Node = tuple[str, list[int], list[float]]


def one_operation(name: str, operands: list[str], parameters: int) -> _engine.Program:
    """A program of one operation over plain inputs; conditions are made from numbers."""
    nodes: list[Node] = [(field, [], []) for field in FIELDS[: max(3, len(operands))]]
    takes_conditions = {"and": (0, 1), "or": (0, 1), "not": (0,), "where": (0,), "latch": (0, 1)}
    places = list(range(len(operands)))
    for place in takes_conditions.get(name, ()):
        nodes.append(("gt", [place, (place + 1) % 3], []))
        places[place] = len(nodes) - 1
    nodes.append((name, places, [5.0] * parameters))
    return _engine.Program(nodes, [len(nodes) - 1])
