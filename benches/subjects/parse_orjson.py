"""orjson on depth updates: bytes to a dict of texts."""

from typing import Any

import orjson
from flow import frames, say, scaled, time_book


def numbers(told: dict[str, Any]) -> int:
    """First and last number, prices and sizes in hundred-millionths, added up."""
    levels = [text for side in ("b", "a") for level in told[side] for text in level]
    return int(told["U"]) + int(told["u"]) + sum(map(scaled, levels))


def main() -> None:
    """Parse each over and over; the checksum is the sum of all numbers in them."""
    given = frames()
    loads = orjson.loads

    def run(_: None) -> None:
        for frame in given:
            loads(frame)

    times = time_book(lambda: None, run, len(given))
    checksum = sum(numbers(loads(frame)) for frame in given)
    say("orjson", {"orjson (to a dict)": times}, checksum)


if __name__ == "__main__":
    main()
