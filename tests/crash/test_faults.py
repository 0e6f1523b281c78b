"""The disk and the machine misbehave under `bot4 run`: one line, no order, and nothing lost."""

import json
import os
import random
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bot4._engine import JournalFile
from live.bots import configured, outcome

BOT4 = [sys.executable, "-c", "from bot4.cli import main; raise SystemExit(main())"]


def bot4(folder: Path, *typed: object, blocks_max: int | None = None) -> tuple[int, str, str]:
    """Run the command in `folder`, its files no longer than so many KiB if that is said."""
    command = shlex.join([*BOT4, *map(str, typed)])
    limit = "" if blocks_max is None else f"ulimit -f {blocks_max}; "
    # What measures coverage writes files too, and would be the first to meet the limit.
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("COV_", "COVERAGE_"))}
    done = subprocess.run(
        ["bash", "-c", f"{limit}exec {command}"],
        cwd=folder,
        env={**kept, "LLVM_PROFILE_FILE": os.devnull},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def replayed(folder: Path) -> dict[str, Any]:
    journal = JournalFile(str(folder))
    found = journal.replay()
    journal.close()
    return found


def check_the_venue_agrees(folder: Path) -> int:
    """No order twice, none unknown to the journal; how many there were."""
    lines = (folder / "venue.jsonl").read_text(encoding="utf-8").splitlines()
    acts = [json.loads(line)["act"] for line in lines]
    sent = [act["order"] for act in acts if "Accepted" in act["deed"]]
    assert len(sent) == len(set(sent))
    assert len(sent) <= replayed(folder)["orders"]
    return len(sent)


@pytest.mark.parametrize("blocks_max", [150, 400])
def test_a_full_disk_ends_trading_with_one_line_and_loses_nothing(
    tmp_path: Path, blocks_max: int
) -> None:
    config = configured(tmp_path, speed='"max"')
    code, out, err = bot4(tmp_path, "run", config, "--for", "20s", "--json", blocks_max=blocks_max)
    assert (code, out) == (1, "")
    assert err.count("\n") == 1, err
    assert "is full" in err or "cannot be written" in err, err
    folder = tmp_path / ".bot4" / "first"
    before, orders = replayed(folder), check_the_venue_agrees(folder)
    assert orders > 0
    told = outcome(config, "--for", "500ms")
    assert told["resumed"]
    after = replayed(folder)
    assert after["orders"] >= before["orders"]
    assert (after["engine_hash"], after["checked"]) == (told["engine_hash"], 1)
    assert check_the_venue_agrees(folder) >= orders


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to every folder")
def test_a_folder_that_may_only_be_read_is_one_line(tmp_path: Path) -> None:
    config = configured(tmp_path)
    (tmp_path / ".bot4").mkdir()
    (tmp_path / ".bot4").chmod(0o500)
    code, out, err = bot4(tmp_path, "run", config, "--for", "1s", "--json")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "cannot be" in err


@pytest.mark.parametrize("seed", range(6))
def test_a_flipped_byte_is_one_line_or_changes_nothing(tmp_path: Path, seed: int) -> None:
    config = configured(tmp_path, speed='"max"')
    outcome(config, "--for", "300ms")
    folder, sound = tmp_path / ".bot4" / "first", tmp_path / "sound"
    shutil.copytree(folder, sound)
    journal = folder / "journal.redb"
    content = bytearray(journal.read_bytes())
    place = random.Random(seed).randrange(len(content))
    content[place] ^= 0x10
    journal.write_bytes(content)
    code, out, err = bot4(tmp_path, "run", config, "--for", "200ms", "--json")
    if code == 0:
        assert json.loads(out)["resumed"]
        return
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert "journal" in err
    # What was there is still there: put back, the run goes on.
    shutil.rmtree(folder)
    shutil.copytree(sound, folder)
    assert outcome(config, "--for", "200ms")["resumed"]


def test_another_seed_is_another_run(tmp_path: Path) -> None:
    config = configured(tmp_path)
    outcome(config, "--for", "300ms")
    code, _, err = bot4(tmp_path, "run", config, "--for", "1s", "--seed", "8", "--json")
    assert (code, err.count("\n")) == (2, 1)
    for words in ("is of another run", "seeds", "--fresh"):
        assert words in err


def test_the_command_itself_killed_again_and_again_goes_on(tmp_path: Path) -> None:
    seed = 3
    print(f"seed {seed}")
    config, dice = configured(tmp_path, speed=2_000), random.Random(seed)
    folder = tmp_path / ".bot4" / "first"
    for _ in range(8):
        command = [*BOT4, "run", str(config), "--json"]
        process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL)
        until = time.monotonic() + 20
        while not (folder / "control.sock").exists() and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(dice.random() * 0.5)
        process.kill()
        process.wait()
        (folder / "control.sock").unlink(missing_ok=True)
    told = outcome(config, "--for", "500ms")
    assert told["resumed"]
    assert check_the_venue_agrees(folder) > 10
    found = replayed(folder)
    assert (found["engine_hash"], found["ledger_hash"]) == (
        told["engine_hash"],
        told["ledger_hash"],
    )
    code, out, err = bot4(tmp_path, "fills", ".bot4/first", "--json")
    assert (code, err) == (0, "")
    assert len(json.loads(out)) == found["fills"]
