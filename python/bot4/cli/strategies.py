"""``bot4 strategies``: what is registered, and the parameters of each."""

import json as encoder
from typing import Annotated

import typer

from bot4.parameters import REQUIRED, Parameter
from bot4.strategy import StrategyTemplate, registered


def show(
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback.")] = False,
) -> None:
    """List the strategies that can be run by name, with their parameters."""
    del debug  # it is read where errors are turned into lines
    known = registered().values()
    if json:
        described = [_described(template) for template in known]
        typer.echo(encoder.dumps({"strategies": described}, allow_nan=False, default=str))
        return
    typer.echo("\n\n".join(_block(template) for template in known))


def _block(template: StrategyTemplate) -> str:
    lines = [f"{template.name} ({template.form})", f"  {template.summary}"]
    width = max((len(parameter.name) for parameter in template.parameters), default=0)
    for parameter in template.parameters:
        value = "required" if parameter.default is REQUIRED else f"= {parameter.default}"
        lines.append(f"    {parameter.name:<{width}} {value:<10} {parameter.allowed}")
    return "\n".join(lines)


def _described(template: StrategyTemplate) -> dict[str, object]:
    return {
        "name": template.name,
        "form": template.form,
        "summary": template.summary,
        "parameters": [_parameter(parameter) for parameter in template.parameters],
    }


def _parameter(parameter: Parameter) -> dict[str, object]:
    required = parameter.default is REQUIRED
    return {
        "name": parameter.name,
        "required": required,
        "default": None if required else parameter.default,
        "allowed": parameter.allowed,
    }
