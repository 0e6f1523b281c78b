"""Whatever is thrown at `bot4`, the answer is a result or one line: seeded, and the same each day.

Files are damaged, cells and options filled with what nobody expects. The exit code is 0 or 2, never
1: a fault of ours; stdout is one JSON object or nothing; nothing is left behind.
"""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import bot4 as b4

Bot4 = Callable[..., Any]

SMA = ("backtest", "--strategy", "sma_cross", "--set", "slow=12")
CONFIGURATION = """
[backtest]
data = "BTC.csv"
cash = 10_000
fee_bps = 10
slippage_bps = 1
since = 2024-01-01
until = 2024-01-03T12:00:00
[[strategy]]
name = "sma_cross"
instruments = ["BTC"]
allocation = 0.5
[strategy.set]
fast = 3
slow = 9
[risk]
profile = "unleveraged"
[risk.limits]
position_max = 0.5
shorting = false
"""
TEXTS = [
    *(
        "",
        " ",
        "0",
        "-0",
        "1",
        "-1",
        "2",
        "9" * 30,
        "1e9",
        "1e-9",
        "1e309",
        "1e-400",
        "nan",
        "-inf",
    ),
    *(
        "1_000",
        "1,5",
        "0x10",
        "１",
        "true",
        "None",
        "''",
        '"',
        "a b",
        "é",
        "\udcff",
        "\u2028",
        "\x1b[2J",
    ),
    *("2024-01-01", "2024-01-02T03:04:05.678Z", "9999-12-31", "0001-01-01", "24:00", "20240101"),
    *(
        "9000-01-01T00:00:00Z",
        "03/04/2024",
        "BTC.csv",
        ".",
        "..",
        "/",
        "*",
        "[",
        "**x",
        "~nouser/a.csv",
    ),
    *(
        "/dev/null",
        "x" * 300,
        "BTC.csv/x",
        "none.csv",
        "simulated",
        "default",
        "research",
        "%s",
        "{}",
    ),
]
OPTIONS = [
    *(
        "--cash",
        "--fee-bps",
        "--slippage-bps",
        "--risk",
        "--since",
        "--until",
        "--strategy",
        "--set",
    ),
    *("--data", "--seed"),
]
LITERALS = [
    *("true", "nan", "-inf", "1e400", "-1", "0", "'x'", "''", "[]", "[1, 'a']", "{}", "{a = 1}"),
    *(
        "10:00:00",
        "2024-01-01",
        "1979-05-27T00:32:00-07:00",
        "1_0",
        "0xff",
        "9999999999999999999999",
    ),
]


def answer(ran: Any, what: object) -> None:
    """Check one answer: a JSON object and 0, or one line and 2."""
    assert ran.code in {0, 2}, (what, ran)
    if ran.code == 2:
        assert ran.out == "", what
        assert len(ran.err.splitlines()) == 1, (what, ran.err)
        assert ran.err.startswith("error: "), what
        assert "Error:" not in ran.err.replace("raised ", ""), (what, ran.err)
    else:
        assert ran.out.count("\n") == 1, what
        assert isinstance(json.loads(ran.out, parse_constant=pytest.fail), dict), what
        assert ran.err == "" or ran.err.startswith("no --data given: running on a SIMULATED"), what


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """Draw from the seed that stands in the name of the test."""
    return random.Random(request.param)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    b4.simulated(bars=60, seed=4).frame.write_csv(tmp_path / "BTC.csv")
    return tmp_path


def damaged(whole: bytes, chance: random.Random) -> bytes:
    torn = bytearray(whole)
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(torn))
        match chance.randrange(4):
            case 0:
                torn[place] = chance.randrange(256)
            case 1:
                torn[place:place] = chance.randbytes(chance.randint(1, 4))
            case 2:
                del torn[place : place + chance.randint(1, 40)]
            case _:
                torn[place : place + 1] = b"\n,\0\"'="[chance.randrange(6) :][:1]
    return bytes(torn[: chance.randrange(len(torn))] if chance.random() < 0.1 else torn)


def swapped(rows: list[list[str]], chance: random.Random) -> Iterator[str]:
    """A table of text in which a few cells, columns or rows are not what they were."""
    for _ in range(chance.randint(1, 3)):
        row = chance.randrange(len(rows))
        match chance.randrange(4):
            case 0:
                rows[row][chance.randrange(6)] = chance.choice(TEXTS)
            case 1:
                rows.insert(row, list(rows[chance.randrange(len(rows))]))
            case 2:
                column, value = chance.randrange(6), chance.choice(TEXTS)
                rows[1:] = [[*one[:column], value, *one[column + 1 :]] for one in rows[1:]]
            case _:
                rows[0][chance.randrange(6)] = chance.choice(["symbol", "Close", "ts", "", "é"])
    yield from (",".join(cell.replace(",", " ") for cell in row) for row in rows)


@pytest.mark.parametrize("chance", [1, 2, 3], indirect=True)
def test_files_of_bars(bot4: Bot4, folder: Path, chance: random.Random) -> None:
    text = (folder / "BTC.csv").read_text(encoding="utf-8")
    pl.read_csv(folder / "BTC.csv", try_parse_dates=True).write_parquet(folder / "BTC.parquet")
    whole = {name: (folder / name).read_bytes() for name in ("BTC.csv", "BTC.parquet")}
    for turn in range(60):
        for name, content in whole.items():
            (folder / name).write_bytes(damaged(content, chance))
            answer(bot4(*SMA, "--data", name, "--json"), (name, turn))
        rows = [line.split(",") for line in text.splitlines()]
        lines = "\n".join(swapped(rows, chance))
        (folder / "BTC.csv").write_text(lines, encoding="utf-8", errors="surrogateescape")
        answer(bot4(*SMA, "--data", "BTC.csv", "--json"), (lines[:200], turn))
    assert sorted(path.name for path in folder.iterdir()) == ["BTC.csv", "BTC.parquet"]


@pytest.mark.parametrize("kind", [pl.Float64, pl.UInt64, pl.Int128, pl.Date, pl.Time, pl.Boolean])
@pytest.mark.parametrize("column", ["ts", "close", "volume", "symbol"])
def test_columns_of_every_type(
    bot4: Bot4, folder: Path, column: str, kind: type[pl.DataType]
) -> None:
    frame = pl.read_csv(folder / "BTC.csv", try_parse_dates=True)
    for value in (0, 1, -1, 20_240_101, 2**31, 2**62, None):
        values = pl.Series(column, [value] * frame.height, dtype=pl.Int64)
        frame.with_columns(values.cast(kind, strict=False)).write_parquet(folder / "x.parquet")
        answer(bot4(*SMA, "--data", "x.parquet", "--json"), (column, kind, value))


@pytest.mark.parametrize("chance", [1, 2], indirect=True)
def test_configurations(bot4: Bot4, folder: Path, chance: random.Random) -> None:
    lines = CONFIGURATION.strip().splitlines()
    for turn in range(100):
        changed = list(lines)
        for _ in range(chance.randint(1, 2)):
            place = chance.randrange(len(changed))
            key, equals, _ = changed[place].partition(" = ")
            match chance.randrange(5):
                case 0:
                    del changed[place]
                case 1:
                    changed.insert(chance.randrange(len(lines)), changed[place])
                case 2 if not equals:
                    changed[place] = chance.choice(
                        ["[strategy]", "[x]", "[[risk]]", "backtest = 1"]
                    )
                case _:
                    literal = chance.choice([*LITERALS, json.dumps(chance.choice(TEXTS))])
                    changed[place] = f"{key}{equals or ' = '}{literal}"
        text = "\n".join(changed).encode("utf-8", "replace")
        (folder / "run.toml").write_bytes(damaged(text, chance) if turn % 5 == 0 else text)
        answer(bot4("backtest", "run.toml", "--json"), text.decode())
    assert sorted(path.name for path in folder.iterdir()) == ["BTC.csv", "run.toml"]


@pytest.mark.parametrize("option", OPTIONS)
def test_options(bot4: Bot4, folder: Path, option: str) -> None:
    source = () if option in {"--data", "--seed"} else ("--data", "BTC.csv")
    for text in TEXTS:
        for value in (text, f"fast={text}") if option == "--set" else (text,):
            bars = ("--bars", "60") if option == "--seed" or text == "simulated" else ()
            given = [*SMA, *source, *(bars if not source else ()), f"{option}={value}", "--json"]
            answer(bot4(*given), given)
    assert [path.name for path in folder.iterdir()] == ["BTC.csv"]


def test_what_is_run(bot4: Bot4, folder: Path) -> None:
    for text in TEXTS:
        for name in (text, f"{text}.py", f"{text}.toml"):
            answer(bot4("backtest", "--json", "--", name), name)
        ran = bot4("backtest", f"--plot={text}", *SMA[1:], "--data", "BTC.csv", "--json")
        answer(ran, text)
    assert [path.name for path in folder.iterdir()] == ["BTC.csv"]
