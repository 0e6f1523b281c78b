"""Resolve the pins of environments anew: `lock.py dev peers` writes requirements/NAME.lock.

The lists are in pyproject.toml: a dependency group of that name, and for `dev` what the package
itself needs. Each is installed into an empty environment, and what stands there then is the lock.
"""

import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def requirements(root: Path, name: str) -> list[str]:
    """Read what `name` asks for, before it is resolved."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    if name not in groups:
        raise SystemExit(
            f"lock: no dependency group '{name}' in pyproject.toml: {', '.join(groups)}"
        )
    own = project["project"]["dependencies"] if name == "dev" else []
    return [*own, *groups[name]]


def resolve(wanted: list[str]) -> list[str]:
    """Install into an empty environment and list what came, without pip's own tools."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        pip = [str(Path(folder, "bin", "python")), "-m", "pip", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--quiet", *wanted], check=True)
        frozen = subprocess.run([*pip, "freeze"], check=True, capture_output=True, text=True)
    return frozen.stdout.splitlines()


def main(names: list[str]) -> None:
    """Write one lock for each name."""
    for name in names:
        pins = resolve(requirements(ROOT, name))
        head = f"# Written by `make lock` from pyproject.toml ({name}); not by hand."
        target = ROOT / "requirements" / f"{name}.lock"
        target.write_text("\n".join([head, *pins]) + "\n", encoding="utf-8")
        print(f"lock: {target.relative_to(ROOT)}: {len(pins)} pins")


if __name__ == "__main__":
    main(sys.argv[1:] or ["dev", "peers", "rivals"])
