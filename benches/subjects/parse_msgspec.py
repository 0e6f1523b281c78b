"""msgspec on one depth update: bytes to a typed struct of texts."""

from pathlib import Path
from sys import argv

import msgspec
from flow import say, time_book

TURNS = 50_000


class DepthUpdate(msgspec.Struct):  # type: ignore[misc] # it is installed beside, not here
    """The fields of a Binance depth update, prices and sizes as they come."""

    e: str
    E: int
    s: str
    U: int
    u: int
    b: list[tuple[str, str]]
    a: list[tuple[str, str]]


def main() -> None:
    """Parse it over and over; the checksum is its last update id."""
    frame = Path(argv[1]).read_bytes()
    decode = msgspec.json.Decoder(DepthUpdate).decode

    def run(_: None) -> None:
        for _turn in range(TURNS):
            decode(frame)

    times = time_book(lambda: None, run, TURNS)
    say("msgspec", {"msgspec (to a struct)": times}, decode(frame).u)


if __name__ == "__main__":
    main()
