"""`bot4 replay` gives the hashes that the run had, or one line that says where they differ."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bot4.run_folder import JOURNAL
from journal.trading import trading

Bot4 = Callable[..., Any]
SEED = 5
KEYS = (
    "records entries orders fills epochs events first_ns last_ns equity ledger_hash engine_hash "
    "checked agrees"
)


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str], dict[str, Any]]:
    """The folder of a run that was stopped and resumed, its hashes and its last status."""
    folder = tmp_path_factory.mktemp("ended")
    with trading(folder) as run:
        run.snapshot()
    with trading(folder, clock_s=1_700_000_100) as run:
        return folder, run.hashes(), run.status()


def test_a_replay_comes_to_the_hashes_of_the_run(
    bot4: Bot4, ended: tuple[Path, dict[str, str], dict[str, Any]]
) -> None:
    folder, hashes, status = ended
    ran = bot4("replay", folder, "--json")
    assert (ran.code, ran.err) == (0, "")
    replayed = json.loads(ran.out)
    assert set(KEYS.split()) <= set(replayed)
    assert {name: replayed[name] for name in hashes} == hashes
    assert (replayed["orders"], replayed["fills"]) == (status["orders"], status["fills"])
    assert replayed["agrees"] is True
    assert replayed["checked"] >= 2


def test_the_text_has_both_hashes_and_fits_80_columns(
    bot4: Bot4,
    ended: tuple[Path, dict[str, str], dict[str, Any]],
    tmp_path: Path,
) -> None:
    folder, hashes, _ = ended
    (tmp_path / ".bot4").mkdir()
    (tmp_path / ".bot4" / "r").symlink_to(folder)
    for given in ((), (".bot4/r",), (f".bot4/r/{JOURNAL}",)):
        ran = bot4("replay", *given)
        assert (ran.code, ran.err) == (0, "")
        assert all(value in ran.out for value in hashes.values())
        assert "hashes kept on the way" in ran.out
        assert max(map(len, ran.out.splitlines())) <= 80


def test_in_use_it_is_one_line(bot4: Bot4, tmp_path: Path) -> None:
    with trading(tmp_path / "live"):
        ran = bot4("replay", "live")
    assert (ran.code, ran.out) == (2, "")
    assert "in use" in ran.err
    assert len(ran.err.splitlines()) == 1


def test_one_byte_flipped_is_one_line_or_changes_nothing(
    bot4: Bot4, ended: tuple[Path, dict[str, str], dict[str, Any]], tmp_path: Path
) -> None:
    folder, hashes, _ = ended
    content = (folder / JOURNAL).read_bytes()
    chance = Random(SEED)
    refused = 0
    for _ in range(25):
        flipped = bytearray(content)
        byte = chance.randrange(len(flipped))
        flipped[byte] ^= 1 << chance.randrange(8)
        at = f"seed {SEED}, byte {byte}"
        (tmp_path / JOURNAL).write_bytes(flipped)
        ran = bot4("replay", tmp_path, "--json")
        if ran.code == 0:
            assert json.loads(ran.out)["ledger_hash"] == hashes["ledger_hash"], at
        else:
            assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1), (at, ran)
            assert JOURNAL in ran.err, (at, ran.err)
            refused += 1
    assert refused > 0
