"""orjson on one depth update: bytes to a dict of texts."""

from pathlib import Path
from sys import argv

import orjson
from flow import say, time_book

TURNS = 50_000


def main() -> None:
    """Parse it over and over; the checksum is its last update id."""
    frame = Path(argv[1]).read_bytes()
    loads = orjson.loads

    def run(_: None) -> None:
        for _turn in range(TURNS):
            loads(frame)

    times = time_book(lambda: None, run, TURNS)
    say("orjson", {"orjson (to a dict)": times}, loads(frame)["u"])


if __name__ == "__main__":
    main()
