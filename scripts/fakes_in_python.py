"""What pretends to be done, in Python: hollow bodies, constant results, chance, mocks, silence.

Only syntax is read, nothing is imported or run.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from finding import Finding

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Function = ast.FunctionDef | ast.AsyncFunctionDef

CHANCE_MODULES = {"random", "secrets", "numpy.random"}
CHANCE_CALLS = {"os.urandom", "uuid.uuid1", "uuid.uuid4"}
MOCK_MODULES = {"unittest.mock", "mock", "pytest_mock"}
# A generator may be made only where a market is simulated, and only from a seed.
SIMULATED_PREFIX = "simulated"
SEEDED = {"default_rng", "Generator", "PCG64", "PCG64DXSM", "Philox", "SeedSequence", "Random"}


def in_product(path: Path) -> Iterator[Finding]:
    """Check one file of product code."""
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    protocols = _protocol_methods(tree)
    for node in ast.walk(tree):
        if isinstance(node, FUNCTIONS):
            if node not in protocols and not _is_declaration(node):
                yield from _hollow(path, node)
        elif isinstance(node, ast.Name) and node.id == "NotImplementedError":
            yield Finding(path, node.lineno, "not-implemented", "raises NotImplementedError")
    yield from _mocks(path, tree)
    yield from _chance(path, tree)


def in_tests(paths: list[Path]) -> Iterator[Finding]:
    """Check the tests together: a test may assert through a function of another file."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in paths}
    asserting = _asserting_functions(list(trees.values()))
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, FUNCTIONS) and node.name.startswith("test_"):
                if not _asserts(node, asserting):
                    yield Finding(path, node.lineno, "test-without-assertion", node.name)
            elif isinstance(node, ast.Assert) and (why := _vacuous(node.test)):
                yield Finding(path, node.lineno, "vacuous-assertion", why)
        yield from _silent_skips(path, tree)


def dotted(node: ast.expr) -> str:
    """Spell `a.b.c`; empty when it is anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        left = dotted(node.value)
        return f"{left}.{node.attr}" if left else ""
    return ""


def _protocol_methods(tree: ast.Module) -> set[ast.AST]:
    protocols = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and any(dotted(_bare(base)).endswith("Protocol") for base in node.bases)
    )
    return {method for protocol in protocols for method in protocol.body}


def _bare(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Subscript) else node


def _is_declaration(function: Function) -> bool:
    names = {dotted(decorator).rpartition(".")[2] for decorator in function.decorator_list}
    return bool(names & {"overload", "abstractmethod"})


def _hollow(path: Path, function: Function) -> Iterator[Finding]:
    body = function.body[1:] if ast.get_docstring(function, clean=False) else function.body
    if all(_does_nothing(statement) for statement in body):
        yield Finding(path, function.lineno, "empty-body", f"{function.name} does nothing")
    elif len(body) == 1 and isinstance(body[0], ast.Return) and _is_literal(body[0].value):
        words = f"{function.name} always returns {ast.unparse(body[0].value or ast.Constant(None))}"
        yield Finding(path, function.lineno, "constant-return", words)


def _does_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Pass):
        return True
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_literal(value: ast.expr | None) -> bool:
    match value:
        case None | ast.Constant():
            return True
        case ast.UnaryOp(operand=operand):
            return _is_literal(operand)
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
            return all(_is_literal(item) for item in items)
        case ast.Dict(keys=keys, values=values):
            return all(_is_literal(item) for item in [*(k for k in keys if k), *values])
        case ast.Call(func=ast.Name(id="float"), args=[ast.Constant()], keywords=[]):
            return True
        case _:
            return False


def _imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.lineno, node.module
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def _mocks(path: Path, tree: ast.Module) -> Iterator[Finding]:
    for line, module in _imports(tree):
        if module in MOCK_MODULES:
            yield Finding(path, line, "mock-in-product", f"imports {module}")


def _chance(path: Path, tree: ast.Module) -> Iterator[Finding]:
    if path.stem.startswith(SIMULATED_PREFIX) or path.parent.name.startswith(SIMULATED_PREFIX):
        yield from _unseeded(path, tree)
        return
    for line, module in _imports(tree):
        if module in CHANCE_MODULES:
            yield Finding(path, line, "chance-in-product", f"imports {module}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            name = dotted(node)
            if name in {"np.random", "numpy.random"} or name in CHANCE_CALLS:
                yield Finding(path, node.lineno, "chance-in-product", f"uses {name}")


def _unseeded(path: Path, tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = dotted(node.func)
        owner, _, last = name.rpartition(".")
        if last in SEEDED:
            if not node.args and not node.keywords:
                yield Finding(path, node.lineno, "unseeded-chance", f"{name}() without a seed")
        elif owner in {"random", "np.random", "numpy.random", "secrets"} or name in CHANCE_CALLS:
            yield Finding(path, node.lineno, "unseeded-chance", f"{name} draws from a shared state")


def _asserting_functions(trees: list[ast.Module]) -> set[str]:
    functions = [n for tree in trees for n in ast.walk(tree) if isinstance(n, FUNCTIONS)]
    known: set[str] = set()
    while True:
        grown = {function.name for function in functions if _asserts(function, known)}
        if grown == known:
            return known
        known = grown


def _asserts(function: Function, asserting: set[str]) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.Assert) and not _vacuous(node.test):
            return True
        if isinstance(node, ast.Call):
            name = dotted(node.func)
            last = name.rpartition(".")[2]
            if last in asserting or last.startswith("assert_"):
                return True
            if name in {"pytest.raises", "pytest.warns", "raises", "pytest.fail"}:
                return True
    return False


def _vacuous(test: ast.expr) -> str:
    """Say why an assertion holds whatever the code does; empty when it may fail."""
    shown = ast.unparse(test)
    match test:
        case ast.Constant(value=value) if value:
            return f"{shown} is always true"
        case ast.Tuple(elts=[_, *_]):
            return f"the tuple {shown} is always true"
        case ast.Compare(
            left=left, ops=[ast.Eq() | ast.Is() | ast.LtE() | ast.GtE()], comparators=[right]
        ) if ast.dump(left) == ast.dump(right):
            return _same_twice(left, shown)
        case ast.BoolOp(op=ast.Or(), values=values):
            return next((why for value in values if (why := _vacuous(value))), "")
        case _:
            return ""


def _same_twice(side: ast.expr, shown: str) -> str:
    # `f(x) == f(x)` is a test of determinism; `x == x` is none.
    calls = any(isinstance(node, ast.Call) for node in ast.walk(side))
    return "" if calls else f"{shown} compares a thing with itself"


def _silent_skips(path: Path, tree: ast.Module) -> Iterator[Finding]:
    reasoned = {
        id(node.func)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _gives_reason(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and id(node) not in reasoned:
            name = dotted(node)
            if name in {
                "pytest.mark.skip",
                "pytest.mark.skipif",
                "pytest.mark.xfail",
                "pytest.skip",
                "pytest.xfail",
            }:
                yield Finding(path, node.lineno, "skip-without-reason", name)


def _gives_reason(call: ast.Call) -> bool:
    for keyword in call.keywords:
        if keyword.arg == "reason":
            return not (isinstance(keyword.value, ast.Constant) and not keyword.value.value)
    positional = dotted(call.func) in {"pytest.skip", "pytest.xfail", "pytest.mark.skip"}
    return positional and bool(call.args)
