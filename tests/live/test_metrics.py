"""Every metric is exported, described once, and in the README."""

import re
from pathlib import Path

import pytest
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from bot4.live.metrics import METRICS, registry, table
from bot4.live.picture import Latest, Picture
from live.pictures import picture

README = Path(__file__).resolve().parents[2] / "README.md"


def latest(one: Picture | None = None) -> Latest[Picture]:
    slot: Latest[Picture] = Latest()
    slot.put(picture() if one is None else one)
    return slot


def scraped(one: Picture | None = None) -> dict[str, dict[tuple[str, ...], float]]:
    """Every sample of one scrape: by name, and by the values of its labels."""
    samples: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(generate_latest(registry(latest(one))).decode()):
        for sample in family.samples:
            samples.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return samples


@pytest.mark.parametrize(
    ("name", "labels", "value"),
    [
        ("bot4_events_total", (), 12_345),
        ("bot4_orders_total", (), 42),
        ("bot4_refusals_total", ("position_max",), 3),
        ("bot4_clips_total", ("gross_max",), 2),
        ("bot4_fills_total", ("donchian_breakout",), 15),
        ("bot4_equity", (), 10_012.34),
        ("bot4_cash", (), 4_321.5),
        ("bot4_position", ("simulated:ETHUSDT",), -0.5),
        ("bot4_drawdown_ratio", (), 0.0125),
        ("bot4_limit_use", ("position_max",), 0.9821),
        ("bot4_limit_use", ("repeats_max",), 0),
        ("bot4_breaker_state", ("drawdown",), 3),
        ("bot4_breaker_state", ("copies",), 2),
        ("bot4_breaker_state", ("feed",), 0),
        ("bot4_event_seconds_count", (), 100),
        ("bot4_event_seconds_sum", (), 0.00025),
        ("bot4_event_seconds_bucket", ("1e-06",), 25),
        ("bot4_intent_to_sent_seconds_bucket", ("+Inf",), 100),
        ("bot4_journal_queue_entries", (), 2),
        ("bot4_feed_age_seconds", (), 0.012),
        ("bot4_lag_seconds", (), 0.0015),
        ("bot4_held_back_seconds_total", (), 0),
        ("bot4_copy_lag_entries", (), 4),
        ("bot4_component_restarts_total", ("copies",), 3),
    ],
)
def test_a_scrape_tells_the_picture(name: str, labels: tuple[str, ...], value: float) -> None:
    assert scraped()[name][labels] == value


def test_a_limit_that_is_off_or_of_which_nothing_is_known_has_no_use() -> None:
    assert set(scraped()["bot4_limit_use"]) == {("position_max",), ("gross_max",), ("repeats_max",)}


def test_before_the_first_picture_a_scrape_is_empty() -> None:
    assert generate_latest(registry(Latest())) == b""


def test_two_sleeves_on_an_instrument_are_one_position() -> None:
    held = {"strategy": "a", "instrument": "simulated:BTCUSDT", "qty": 1.5}
    both = [held, {**held, "strategy": "b", "qty": -0.5}]
    assert scraped(picture(engine={"positions": both}))["bot4_position"] == {
        ("simulated:BTCUSDT",): 1.0
    }


def test_what_is_exported_is_what_the_table_describes() -> None:
    text = generate_latest(registry(latest())).decode()
    typed = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    assert typed == {one.name: one.kind for one in METRICS}
    told = {one.name: set(one.labels) for one in METRICS}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            name = re.sub(r"_(bucket|sum|count)$", "", sample.name)
            assert set(sample.labels) - {"le"} == told.get(name, told.get(sample.name))


def test_the_readme_has_the_table_as_it_is() -> None:
    text = README.read_text(encoding="utf-8")
    assert table() in text
    written = set(re.findall(r"\bbot4_[a-z_]+\b", text))
    assert written <= {one.name for one in METRICS}
