"""What a gate found, and where."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One line that breaks one rule."""

    path: Path
    line: int
    rule: str
    words: str

    def show(self, root: Path) -> str:
        """Write it as editors and people read it: `file:line: rule: words`."""
        path = self.path.relative_to(root) if self.path.is_relative_to(root) else self.path
        return f"{path.as_posix()}:{self.line}: {self.rule}: {self.words}"
