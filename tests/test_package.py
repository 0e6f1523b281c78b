"""What `import bot4 as b4` offers, and what it costs."""

import subprocess
import sys

import pytest

import bot4 as b4


def test_every_public_name_is_there() -> None:
    assert [name for name in b4.__all__ if not hasattr(b4, name)] == []


@pytest.mark.parametrize("module", ["bot4", "bot4.cli"])
@pytest.mark.parametrize(
    "slow", ["altair", "vl_convert", "scipy", "arch", "sklearn", "statsmodels"]
)
def test_importing_it_loads_no_plotting_and_no_statistics(slow: str, module: str) -> None:
    code = f"import sys, {module}; print({slow!r} in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


@pytest.mark.parametrize("slow", ["rich", "typer"])
def test_importing_it_loads_no_terminal_code(slow: str) -> None:
    code = f"import sys, bot4; print({slow!r} in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


def test_measures_come_when_they_are_asked_for() -> None:
    code = "import sys, bot4 as b4; b4.measures.kelly_binary(0.6, 1); print('scipy' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "True"
    assert [name for name in b4.measures.__all__ if not hasattr(b4.measures, name)] == []
    with pytest.raises(AttributeError, match="no attribute 'measure'"):
        b4.measure  # noqa: B018 - asking for it is the test


def test_every_error_is_a_bot4_error() -> None:
    errors = [getattr(b4, name) for name in b4.__all__ if name.endswith("Error")]
    assert len(errors) == 13
    assert all(issubclass(error, b4.Bot4Error) for error in errors)
