"""A strategy is a function or a class; its parameters are its signature."""

from typing import Annotated, ClassVar, Literal

import numpy as np
import pytest
from pydantic import AfterValidator, Field

import bot4 as b4
from bot4.parameters import REQUIRED

Length = Annotated[int, Field(ge=1, le=500)]


@b4.strategy
def crossing(
    fast: Length = 10,
    slow: Length = 30,
    stop: float | None = None,
    side: Literal["long", "short"] = "long",
) -> b4.Target:
    """Long on a cross.

    Only the first line is the summary.
    """
    del stop, side
    return b4.target(b4.where(b4.sma(b4.close, fast) > b4.sma(b4.close, slow), 1.0, 0.0))


class Counting(b4.Strategy):
    """Counts bars."""

    length: Length = 5
    weight: float = 0.5
    names: ClassVar[list[str]] = []
    _private: int = 3

    def on_bar(self, ctx: b4.Context, bar: b4.Bar) -> None:
        del bar
        ctx.target(self.weight)


counting = b4.strategy(Counting)


class Constructed(b4.Strategy):
    def __init__(self, length: Length, weight: float = 0.5) -> None:
        self.twice = 2 * length
        self.weight = weight

    def on_bar(self, ctx: b4.Context, bar: b4.Bar) -> None:
        del ctx, bar


constructed = b4.strategy(Constructed)


def test_calling_it_gives_every_parameter_a_value() -> None:
    chosen = crossing(fast=7)
    assert (chosen.name, chosen.form) == ("crossing", "expression")
    assert dict(chosen.params) == {"fast": 7, "slow": 30, "stop": None, "side": "long"}
    assert isinstance(chosen.decision(), b4.Target)


def test_text_is_parsed_into_the_type_of_the_parameter() -> None:
    chosen = crossing(fast="7", stop="0.05", side="short")
    assert dict(chosen.params) == {"fast": 7, "slow": 30, "stop": 0.05, "side": "short"}


def test_says_what_it_is() -> None:
    assert crossing.summary == "Long on a cross."
    assert [parameter.name for parameter in crossing.parameters] == ["fast", "slow", "stop", "side"]
    assert crossing.parameters[0].allowed == "a whole number from 1 to 500"
    assert crossing.parameters[2].allowed == "a number or none"
    assert crossing.parameters[3].allowed == "one of long, short"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"fsat": 7}, "no parameter 'fsat'; did you mean fast?"),
        ({"zzz": 7}, "known: fast, slow, stop, side"),
        ({"fast": 0}, "parameter fast of crossing is 0; allowed: a whole number from 1 to 500"),
        ({"fast": 501}, "is 501"),
        ({"fast": "ten"}, "is 'ten'; allowed: a whole number"),
        ({"fast": 7.5}, "is 7.5"),
        ({"stop": float("nan")}, "is nan"),
        ({"side": "flat"}, "allowed: one of long, short"),
        ({"fast": True}, "parameter fast of crossing is True; allowed: a whole number"),
        ({"fast": np.True_}, "allowed: a whole number"),
        ({"stop": False}, "parameter stop of crossing is False; allowed: a number or none"),
        pytest.param({"fast": 10**5_000}, "is an integer of thousands of digits; allow", id="huge"),
    ],
)
def test_refuses_a_wrong_parameter_and_says_what_is_allowed(
    given: dict[str, object], words: str
) -> None:
    with pytest.raises(b4.ParameterError) as refused:
        crossing(**given)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_switch_may_be_true_and_may_stand_beside_a_number() -> None:
    def switched(on: bool = False, level: bool | int = 1) -> b4.Target:
        return b4.target(float(on) * level)

    assert dict(b4.strategy(switched)(on=True, level=True).params) == {"on": True, "level": True}


def test_a_check_of_the_strategys_own_that_raises_is_its_error() -> None:
    def failing(value: int) -> int:
        raise KeyError(value)

    def checked(length: Annotated[int, AfterValidator(failing)] = 1) -> b4.Target:
        return b4.target(length)

    with pytest.raises(b4.StrategyError, match="check of parameter length raised KeyError"):
        b4.strategy(checked)(length=2)


def test_refuses_parameters_without_names() -> None:
    with pytest.raises(b4.ParameterError) as refused:
        crossing(10, 30)
    assert "name the parameters: crossing(fast=…, slow=…" in str(refused.value)


def test_a_class_takes_its_annotated_attributes_as_parameters() -> None:
    assert [parameter.name for parameter in counting.parameters] == ["length", "weight"]
    made = counting(length=9).instance()
    assert isinstance(made, Counting)
    assert (made.length, made.weight) == (9, 0.5)


def test_each_instance_is_fresh() -> None:
    chosen = counting()
    assert chosen.instance() is not chosen.instance()


def test_a_class_with_an_init_takes_its_parameters_from_there() -> None:
    assert constructed.parameters[0].default is REQUIRED
    made = constructed(length="4").instance()
    assert isinstance(made, Constructed)
    assert (made.twice, made.weight) == (8, 0.5)
    with pytest.raises(b4.ParameterError, match="needs the parameter length") as refused:
        constructed()
    assert "a whole number from 1 to 500" in str(refused.value)


def test_on_start_may_be_left_out() -> None:
    made = counting().instance()
    assert isinstance(made, Counting)
    assert made.on_start(None) is None  # type: ignore[arg-type, func-returns-value]


def test_is_found_by_name_and_the_latest_definition_wins() -> None:
    first = b4.find("crossing")

    def crossing() -> b4.Target:
        return b4.target(1.0)

    second = b4.strategy(crossing)
    assert b4.find("crossing") is second
    assert first is not second
    assert list(b4.registered()) == sorted(b4.registered())


def test_an_unknown_name_gives_the_nearest() -> None:
    with pytest.raises(b4.StrategyError, match="did you mean sma_cross") as refused:
        b4.find("sma_crss")
    assert "bot4 strategies" in str(refused.value)


def test_refuses_what_returns_no_target() -> None:
    def half() -> float:
        return 0.5

    chosen = b4.strategy(half)()  # type: ignore[arg-type]
    with pytest.raises(b4.StrategyError, match="returned float; return b4") as refused:
        chosen.decision()
    assert "half" in str(refused.value)


def test_what_a_strategy_raises_names_its_line() -> None:
    def broken() -> b4.Target:
        raise ZeroDivisionError("by\nzero")

    with pytest.raises(b4.StrategyError) as refused:
        b4.strategy(broken)().decision()
    said = str(refused.value)
    assert said.startswith("strategy broken raised ZeroDivisionError: by zero (test_strategy.py, ")
    assert isinstance(refused.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize("kind", [SystemExit, GeneratorExit, BaseException])
def test_a_strategy_that_exits_is_stopped_as_one_that_raises(kind: type[BaseException]) -> None:
    def leaving() -> b4.Target:
        raise kind

    with pytest.raises(b4.StrategyError, match=f"leaving raised {kind.__name__} ") as refused:
        b4.strategy(leaving)().decision()
    assert isinstance(refused.value.__cause__, kind)


def test_ctrl_c_within_a_strategy_passes() -> None:
    def pressing() -> b4.Target:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as stopped:
        b4.strategy(pressing)().decision()
    assert stopped.type is KeyboardInterrupt


class Mute(Exception):  # noqa: N818
    def __str__(self) -> str:
        raise RuntimeError("it cannot say")


def test_an_exception_that_cannot_be_said_is_still_one_line() -> None:
    def muttering() -> b4.Target:
        raise Mute

    with pytest.raises(b4.StrategyError, match="muttering raised Mute ") as refused:
        b4.strategy(muttering)().decision()
    assert "test_strategy.py, line" in str(refused.value)


def test_what_bot4_refuses_inside_a_function_passes_unchanged() -> None:
    def undecided() -> b4.Target:
        return b4.target(1.0 if b4.close > b4.open else 0.0)

    with pytest.raises(b4.SignalError, match="no single truth value") as refused:
        b4.strategy(undecided)().decision()
    assert refused.type is b4.SignalError


class NoBase:
    def on_bar(self, ctx: b4.Context, bar: b4.Bar) -> None:
        del ctx, bar


class NoBar(b4.Strategy):
    pass


def starred(*lengths: int) -> b4.Target:
    return b4.target(float(len(lengths)))


def unsettable(ready: type[NoBase] = NoBase, hook: "NoBase | None" = None) -> b4.Target:
    del ready, hook
    return b4.target(1.0)


def unreadable(length: "Nowhere" = 1) -> b4.Target:  # type: ignore[name-defined]  # noqa: F821
    return b4.target(length)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (NoBase, "must derive from b4.Strategy"),
        (NoBar, "has no on_bar"),
        (starred, r"takes \*lengths"),
        (unsettable, "cannot be set"),
        (unreadable, "cannot be read"),
        (7, "goes over a function or a class"),
    ],
)
def test_refuses_to_register_what_cannot_run(form: object, words: str) -> None:
    with pytest.raises(b4.StrategyError, match=words) as refused:
        b4.strategy(form)  # type: ignore[arg-type]
    assert "\n" not in str(refused.value)


def test_a_parameter_without_an_annotation_takes_the_type_of_its_default() -> None:
    def plain(length=10, anything=None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        return b4.target(length)

    assert dict(b4.strategy(plain)(length="3", anything="x").params) == {
        "length": 3,
        "anything": "x",
    }
