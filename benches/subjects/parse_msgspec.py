"""msgspec on depth updates: bytes to a typed struct of texts."""

import msgspec
from flow import frames, say, scaled, time_book


class DepthUpdate(msgspec.Struct):  # type: ignore[misc] # it is installed beside, not here
    """The fields of a Binance depth update, prices and sizes as they come."""

    e: str
    E: int
    s: str
    U: int
    u: int
    b: list[tuple[str, str]]
    a: list[tuple[str, str]]


def numbers(told: DepthUpdate) -> int:
    """First and last number, prices and sizes in hundred-millionths, added up."""
    return told.U + told.u + sum(scaled(text) for level in told.b + told.a for text in level)


def main() -> None:
    """Parse each over and over; the checksum is the sum of all numbers in them."""
    given = frames()
    decode = msgspec.json.Decoder(DepthUpdate).decode

    def run(_: None) -> None:
        for frame in given:
            decode(frame)

    times = time_book(lambda: None, run, len(given))
    checksum = sum(numbers(decode(frame)) for frame in given)
    say("msgspec", {"msgspec (to a struct)": times}, checksum)


if __name__ == "__main__":
    main()
