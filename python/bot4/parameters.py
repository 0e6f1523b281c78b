"""The parameters of a strategy: their names, types, defaults and ranges, and the check of a value.

They are read from a signature, so that what Python says about a strategy is said once. Pydantic
judges each value; the wording of a refusal is made here.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, get_origin, get_type_hints

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from bot4.errors import ParameterError, StrategyError, known_names
from bot4.settings import shown

Hint = Any  # an annotation: a type, an Annotated, a union

REQUIRED = inspect.Parameter.empty

_KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "string": "a text",
    "boolean": "true or false",
}
# A range is written with the words of JSON schema, which Pydantic derives from the annotation.
_BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: its default (`REQUIRED` where there is none) and the check of its values."""

    name: str
    default: object
    check: TypeAdapter[Any]

    @property
    def allowed(self) -> str:
        """What a value may be, in words: ``a whole number from 1 to 100000``."""
        return _words(self.check.json_schema())

    def parse(self, strategy: str, value: object) -> object:
        """`value`, or the text of it, in the parameter's type. Raises ParameterError."""
        try:
            parsed: object = self.check.validate_python(value)
        except ValidationError as error:
            reason = error.errors()[0]["msg"] if error.error_count() else ""
            raise self._refused(strategy, value, reason) from error
        except Exception as error:
            raise StrategyError(
                f"strategy {strategy}: the check of parameter {self.name} raised "
                f"{type(error).__name__}: {' '.join(str(error).split())}"
            ) from error
        if (
            isinstance(value, bool | np.bool_)
            and isinstance(parsed, int | float)
            and type(parsed) is not bool
        ):
            raise self._refused(strategy, value, "a number")
        return parsed

    def _refused(self, strategy: str, value: object, reason: str) -> ParameterError:
        allowed = self.allowed or reason
        return ParameterError(
            f"parameter {self.name} of {strategy} is {shown(value)}; allowed: {allowed}"
        )


def from_signature(form: Callable[..., object], strategy: str) -> tuple[Parameter, ...]:
    """The parameters of a function or of a class's ``__init__``.

    Raises StrategyError for ``*args`` and for types that cannot be set.
    """
    written = (own_init(form) or form) if isinstance(form, type) else form
    hints = _hints(written, strategy)
    found = []
    for name, declared in inspect.signature(form).parameters.items():
        if declared.kind in {declared.VAR_POSITIONAL, declared.VAR_KEYWORD}:
            raise StrategyError(f"strategy {strategy} takes *{name}; name each parameter instead")
        found.append(_parameter(name, hints.get(name), declared.default, strategy))
    return tuple(found)


def from_attributes(form: type, strategy: str) -> tuple[Parameter, ...]:
    """The annotated public attributes of a class, in order; ``ClassVar`` ones are left out."""
    hints = _hints(form, strategy)
    return tuple(
        _parameter(name, hint, getattr(form, name, REQUIRED), strategy)
        for name, hint in hints.items()
        if not name.startswith("_") and get_origin(hint) is not ClassVar and hint is not ClassVar
    )


def own_init(form: type) -> Callable[..., object] | None:
    """The ``__init__`` written in the class or one it derives from; None where there is none."""
    written = (vars(base).get("__init__") for base in form.__mro__[:-1])
    return next((init for init in written if init is not None), None)


def parse(
    parameters: tuple[Parameter, ...], strategy: str, values: Mapping[str, object]
) -> dict[str, object]:
    """Every parameter with its value, in order, the default where none is given.

    Raises ParameterError for an unknown name, a value out of range, or one that is missing.
    """
    names = [parameter.name for parameter in parameters]
    for name in values:
        if name not in names:
            near = known_names(name, names)
            raise ParameterError(f"strategy {strategy} has no parameter {name!r}; {near}")
    parsed: dict[str, object] = {}
    for parameter in parameters:
        value = values.get(parameter.name, parameter.default)
        if value is REQUIRED:
            raise ParameterError(
                f"strategy {strategy} needs the parameter {parameter.name} ({parameter.allowed})"
            )
        parsed[parameter.name] = parameter.parse(strategy, value)
    return parsed


def _hints(form: object, strategy: str) -> dict[str, Any]:
    try:
        return get_type_hints(form, include_extras=True)
    except NameError as error:
        raise StrategyError(
            f"strategy {strategy}: the annotation of a parameter cannot be read: {error}"
        ) from error


def _parameter(name: str, hint: Hint, default: object, strategy: str) -> Parameter:
    if hint is None:
        hint = Any if default in (REQUIRED, None) else type(default)
    try:
        check: TypeAdapter[Any] = TypeAdapter(hint, config=ConfigDict(allow_inf_nan=False))
        check.json_schema()
    except PydanticUserError as error:
        raise StrategyError(
            f"parameter {name} of strategy {strategy} has the type {hint}, which cannot be set; "
            "use int, float, bool, str or a Literal"
        ) from error
    return Parameter(name, default, check)


def _words(schema: Mapping[str, Any]) -> str:
    if "enum" in schema or "const" in schema:
        return "one of " + ", ".join(str(v) for v in schema.get("enum", [schema.get("const")]))
    if "anyOf" in schema:
        return " or ".join(filter(None, (_words(choice) for choice in schema["anyOf"])))
    kind = _KINDS.get(str(schema.get("type")), "none" if schema.get("type") == "null" else "")
    if "minimum" in schema and "maximum" in schema:
        return f"{kind} from {schema['minimum']} to {schema['maximum']}"
    bounds = [f"{word} {schema[key]}" for key, word in _BOUNDS.items() if key in schema]
    return " ".join(filter(None, (kind, " and ".join(bounds))))
