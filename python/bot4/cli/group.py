"""Commands that answer without a word behind them, and have more to say with one."""

from typing import Any

from typer.core import TyperGroup


def answering(without: str) -> type[TyperGroup]:
    """A group whose command `without` is meant where no other one is named."""

    class Answering(TyperGroup):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - as its base
            named = bool(args) and args[0] in {*self.commands, *ctx.help_option_names}
            return super().parse_args(ctx, args if named else [without, *args])

    return Answering
