"""``bot4 strategies``: what is registered, what can size it, and the parameters of each."""

import json as encoder
from typing import Annotated

import typer

from bot4.config.sizing import SIZINGS, SizingTable, described
from bot4.parameters import REQUIRED, Parameter
from bot4.strategy import StrategyTemplate, registered


def show(
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback.")] = False,
) -> None:
    """List the strategies that can be run by name, and the ways to size them."""
    del debug  # it is read where errors are turned into lines
    known = registered().values()
    if json:
        listed = {
            "strategies": [_described(template) for template in known],
            "sizing": [_sizing(name, table) for name, table in SIZINGS.items()],
        }
        typer.echo(encoder.dumps(listed, allow_nan=False, default=str))
        return
    sizings = [_sizing_block(name, table) for name, table in SIZINGS.items()]
    typer.echo("\n\n".join([*(_block(template) for template in known), *sizings]))


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


def _sizing_block(name: str, table: type[SizingTable]) -> str:
    lines = [f"{name} (sizing)", f"  {_said(table)}"]
    width = max(len(parameter) for parameter, *_ in described(table))
    for parameter, required, default, allowed in described(table):
        value = "required" if required else "not set" if default is None else f"= {default}"
        lines.append(f"    {parameter:<{width}} {value:<10} {allowed}")
    return "\n".join(lines)


def _sizing(name: str, table: type[SizingTable]) -> dict[str, object]:
    keys = ("name", "required", "default", "allowed")
    parameters = [dict(zip(keys, one, strict=True)) for one in described(table)]
    return {"name": name, "summary": _said(table), "parameters": parameters}


def _said(table: type[SizingTable]) -> str:
    """What a method does: the first line of its table, without the name."""
    return (table.__doc__ or "").partition(": ")[2].strip(" .")
