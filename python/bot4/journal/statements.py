"""The SQL that ships: the schema in its numbered files, and one named question a file."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_SQL = files("bot4") / "sql"
_OTHER_DIALECT = ".postgres.sql"


@dataclass(frozen=True, slots=True)
class Schema:
    """The statements that make an empty database a copy, and the number of the last file."""

    version: int
    script: str


@cache
def schema() -> Schema:
    """The schema as SQLite takes it: the files in the order of their numbers."""
    names = sorted(
        path.name
        for path in (_SQL / "schema").iterdir()
        if path.name.endswith(".sql") and not path.name.endswith(_OTHER_DIALECT)
    )
    texts = [(_SQL / "schema" / name).read_text(encoding="utf-8") for name in names]
    return Schema(version=int(names[-1].partition("_")[0]), script="\n".join(texts))


@cache
def question(name: str) -> str:
    """The statement of ``sql/query/NAME.sql``."""
    return (_SQL / "query" / f"{name}.sql").read_text(encoding="utf-8")
