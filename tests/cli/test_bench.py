"""`bot4 bench` gives every key its figures. No test here says how fast a machine has to be."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot4 import _engine
from bot4.errors import EngineError
from bot4.gauges import FIGURES, Reading

Bot4 = Callable[..., Any]

KEYS = (
    "book_update_ns",
    "parse_binance_depth40_ns",
    "apply_binance_depth40_ns",
    "parse_kraken_book_ns",
    "parse_coinbase_l2_ns",
    "signal20_ns",
    "breaker_check_ns",
    "risk_check_ns",
    "risk_target_ns",
    "tick_to_intent_ns",
    "settle_ns",
    "tick_all_ns",
    "orders_per_s_engine",
    "orders_per_s_durable",
    "orders_per_s_block",
    "replay_events_per_s",
    "frame_to_request_ns",
    "frame_to_action_ns",
    "boundary_ns",
    "sign_binance_hmac_ns",
    "sign_binance_ed25519_ns",
    "sign_kraken_ns",
    "sign_coinbase_es256_ns",
    "sign_coinbase_eddsa_ns",
)
CAPTURED, INTENT = "book_update_recorded_ns", "tick_to_intent_ns"

FRAMES = [
    '1000000000 {"rest":"/api/v3/depth","symbol":"BTCUSDT","body":{"lastUpdateId":10,'
    '"bids":[["100.00","1.0"],["99.50","2.0"]],"asks":[["100.50","1.0"]]}}',
    '2000000000 {"e":"depthUpdate","E":2000,"s":"BTCUSDT","U":11,"u":12,'
    '"b":[["100.10","3.0"]],"a":[["100.50","0.0"],["100.60","1.0"]]}',
    '3000000000 {"e":"trade","E":3000,"s":"BTCUSDT","t":1,"p":"100.10","q":"0.5","T":3000,'
    '"m":true}',
]
TICKERS = [
    f'{3_001 + n}000000 {{"u":{20 + n},"s":"BTCUSDT","b":"100.10","B":"{100 + n % 2 * 800}.0",'
    f'"a":"100.60","A":"{900 - n % 2 * 800}.0"}}'
    for n in range(60)
]


def check(row: dict[str, Any]) -> None:
    """One key: five finite figures in order, a count, how it came about."""
    for figure in FIGURES:
        assert isinstance(row[figure], float)
    assert row["mean"] > 0
    rising = [row[figure] for figure in ("p50", "p99", "p999", "max")]
    assert rising == sorted(rising, reverse=row["unit"] == "per_s")
    assert min(rising) >= 0
    assert isinstance(row["n"], int)
    assert row["n"] > 0
    assert row["timer_ns"] > 0
    assert row["clock_step_ns"] > 0
    assert len(row["batches"]) >= 3
    assert row["what"]
    assert row["method"]
    assert row["source"]
    sign = -1 if row["unit"] == "per_s" else 1
    missed = [name for name, limit in row["limits"].items() if sign * row[name] > sign * limit]
    assert row["kept"] is (None if not row["limits"] else not missed)


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "frames.txt"
    path.write_text("\n".join([*FRAMES, *TICKERS]) + "\n", encoding="utf-8")
    return path


def test_prints_one_json_object_with_every_key(bot4: Bot4) -> None:
    ran = bot4("bench", "--quick", "--json")
    assert ran.code == 0
    told = json.loads(ran.out)
    assert [key for key in told if key.endswith("_ns") or "_per_s" in key] == list(KEYS)
    assert all(told[key]["unit"] == ("per_s" if "_per_s" in key else "ns") for key in KEYS)
    for key in KEYS:
        check(told[key])
    assert told["seed"] == 42
    assert told["quick"] is True
    assert told["machine"]["cores"] > 0
    assert told["machine"]["cpu"]
    assert told["machine"]["python"]


def test_progress_is_on_stderr(bot4: Bot4) -> None:
    ran = bot4("bench", "--quick", "--only", "boundary_ns")
    assert ran.err == "measuring boundary_ns: an empty call from Python into the engine and back\n"
    assert "measuring" not in ran.out


def test_a_person_reads_figures_limits_method_and_machine(bot4: Bot4) -> None:
    lines = bot4("bench", "--quick", "--only", "book_update_ns").out.splitlines()
    assert "cores" in lines[0]
    assert "a first look" in lines[1]
    assert lines[2].split() == ["mean", "p50", "p99", "p99.9", "max", "count", "timer", "limit"]
    assert lines[3].startswith("book_update_ns")
    assert "100,000" in lines[3]
    assert "mean 8 kept" in lines[3] or "mean 8 over" in lines[3]
    assert any(line.startswith("method of book_update_ns: ") for line in lines)


def test_a_person_reads_that_a_mean_is_one_of_medians(bot4: Bot4) -> None:
    told = bot4("bench", "--quick", "--only", "settle_ns").out
    assert "mean: not of every sample" in told
    assert "the median of what it took in all runs" in told.replace("\n", " ")


@pytest.mark.parametrize(("mean", "kept"), [(8.0, True), (8.1, False)])
def test_a_limit_is_kept_or_not(mean: float, kept: bool) -> None:
    assert reading(mean, {"mean": 8.0}).kept is kept
    assert reading(mean, {"mean": 9.0, "p99": 0.5}).kept is False
    assert reading(mean, {}).kept is None


@pytest.mark.parametrize(("mean", "kept"), [(8.0, True), (7.9, False)])
def test_a_limit_of_a_rate_is_the_least(mean: float, kept: bool) -> None:
    assert reading(mean, {"mean": 8.0}, "per_s").kept is kept
    assert reading(mean, {}, "per_s").kept is None


def reading(mean: float, limits: dict[str, float], unit: str = "ns") -> Reading:
    figures = (mean, 1.0, 1.0, 1.0, 1.0)
    return Reading("x_ns", "", unit, "", "", *figures, 1, 1.0, 1.0, (), None, {}, limits)


def test_a_person_reads_that_a_rate_has_a_least(bot4: Bot4) -> None:
    lines = bot4("bench", "--quick", "--only", "replay_events_per_s").out.splitlines()
    assert "per_s: so many a second" in lines[1]
    assert "mean 1,000,000 kept" in lines[3] or "mean 1,000,000 under" in lines[3]


@pytest.mark.parametrize(
    ("key", "mode"), [("orders_per_s_durable", "each"), ("orders_per_s_block", "block")]
)
def test_what_is_durable_says_how_and_leaves_nothing(
    bot4: Bot4, tmp_path: Path, key: str, mode: str
) -> None:
    ran = bot4("bench", "--quick", "--json", "--only", key, "--folder", tmp_path)
    row = json.loads(ran.out)[key]
    check(row)
    assert f"a journal on disk in {tmp_path}" in row["source"]
    assert f"durability {mode}: " in row["source"]
    assert row["notes"]["in_flight"] == 64
    assert list(tmp_path.iterdir()) == []


def test_equal_seeds_give_equal_checksums(bot4: Bot4) -> None:
    def checksum(*more: object) -> int:
        ran = bot4("bench", "--quick", "--json", "--only", "book_update_ns", *more)
        return int(json.loads(ran.out)["book_update_ns"]["checksum"])

    assert checksum("--seed", 3) == checksum("--seed", 3) != checksum("--seed", 4)
    assert checksum("--seed", 3) == _engine.book_updates(3, 100_000)["checksum"]


def test_measures_on_captured_frames(bot4: Bot4, capture: Path) -> None:
    only = [word for key in (*KEYS[:2], CAPTURED, INTENT) for word in ("--only", key)]
    ran = bot4("bench", "--quick", "--json", *only, "--captures", capture)
    told = json.loads(ran.out)
    assert list(told)[:4] == [KEYS[0], CAPTURED, KEYS[1], INTENT]
    check(told[CAPTURED])
    check(told[INTENT])
    assert told[INTENT]["source"] == "captured session of binance:BTCUSDT: 63 messages"
    assert told[INTENT]["notes"]["intents"] > 30
    assert told[CAPTURED]["n"] == 3
    assert told[CAPTURED]["source"] == "captured updates of binance:BTCUSDT"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--only", "book_updat_ns"), "did you mean book_update_ns?"),
        (("--only", CAPTURED), "add --captures PATH"),
        (("--seed", "-1"), "--seed -1 is out of range"),
        (("--captures", "nowhere.gz"), "nowhere.gz"),
        (("--folder", "nowhere"), "no journal can be written in nowhere"),
    ],
)
def test_refuses_in_one_line(bot4: Bot4, arguments: tuple[str, ...], words: str) -> None:
    ran = bot4("bench", "--quick", *arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert len(ran.err.splitlines()) == 1
    assert words in ran.err


@pytest.mark.parametrize("key", ["nothing_ns", "boundary_ns"])
def test_the_engine_refuses_what_it_does_not_time(key: str) -> None:
    with pytest.raises(EngineError, match=key):
        _engine.take_gauge(key, 1, True, [], [])


def test_updates_that_are_drawn_begin_with_a_full_book() -> None:
    drawn = _engine.book_updates(5, 1_000)
    assert [len(drawn["snapshot"][name]) for name in ("side", "tick", "lots")] == [2_000] * 3
    assert [len(drawn["updates"][name]) for name in ("side", "tick", "lots")] == [1_000] * 3
    assert drawn["snapshot"]["side"].sum() == 1_000
    assert (drawn["updates"]["lots"] == 0).any()


def test_frames_that_are_drawn_say_what_they_add_up_to() -> None:
    drawn = _engine.depth_frames(5, 20, leaning=False)
    total = 0
    for frame in map(json.loads, drawn["frames"]):
        levels = frame["b"] + frame["a"]
        assert len(levels) == 40
        total += frame["U"] + frame["u"]
        total += sum(int(text.replace(".", "")) for level in levels for text in level)
    assert total == drawn["checksum"]
    assert json.loads(drawn["snapshot"])["lastUpdateId"] + 1 == json.loads(drawn["frames"][0])["U"]


def test_what_says_how_often_is_beside_the_figures(bot4: Bot4) -> None:
    told = json.loads(bot4("bench", "--quick", "--json", "--only", INTENT).out)[INTENT]
    assert set(told["notes"]) == {"all_mean", "updates", "intents", "share"}
    assert 0 < told["notes"]["share"] < 1
