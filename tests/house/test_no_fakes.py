"""scripts/validate_no_fakes.py finds each kind of pretence, and none in the real tree."""

from pathlib import Path

import pytest

import validate_no_fakes

ROOT = Path(__file__).resolve().parents[2]


def check(root: Path, name: str, text: str, rules: list[str]) -> None:
    """Plant one file in an empty tree: exactly these rules find something in it."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    found = validate_no_fakes.findings(root)
    assert sorted({finding.rule for finding in found}) == sorted(rules), found
    assert all(finding.path == path for finding in found)


PRODUCT_PYTHON = {
    "raises NotImplementedError": (
        "def fetch():\n    raise NotImplementedError('venue')\n",
        ["not-implemented"],
    ),
    "body is pass": ("def fetch():\n    pass\n", ["empty-body"]),
    "body is an ellipsis": ("def fetch() -> int: ...\n", ["empty-body"]),
    "body is a docstring": ("def fetch():\n    'Fetch bars.'\n", ["empty-body"]),
    "returns a number": (
        "def sharpe(r):\n    'Risk-adjusted.'\n    return 1.5\n",
        ["constant-return"],
    ),
    "returns a negative number": ("def loss():\n    return -1\n", ["constant-return"]),
    "returns an empty list": ("def trades():\n    return []\n", ["constant-return"]),
    "returns nothing": ("def trades():\n    return None\n", ["constant-return"]),
    "a word in a comment": ("RATE = 1  # TODO: read it\n", ["unfinished-word"]),
    "a word in a name": ("fake_price = 3\n", ["unfinished-word"]),
    "imports random": ("import random\n", ["chance-in-product"]),
    "imports numpy.random": ("from numpy import random\n", ["chance-in-product"]),
    "uses np.random": (
        "import numpy as np\nNOISE = np.random.default_rng(1).normal()\n",
        ["chance-in-product"],
    ),
    "imports a mock": ("from unittest.mock import patch\n", ["mock-in-product"]),
}


@pytest.mark.parametrize("case", PRODUCT_PYTHON)
def test_finds_in_python_product_code(tmp_path: Path, case: str) -> None:
    text, rules = PRODUCT_PYTHON[case]
    check(tmp_path, "python/bot4/planted.py", text, rules)


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("import numpy as np\n\ndef walk():\n    return np.random.default_rng().normal()\n", 1),
        ("import numpy as np\n\ndef walk():\n    return np.random.normal()\n", 1),
        ("import random\n\ndef walk():\n    return random.gauss(0, 1)\n", 1),
        ("import numpy as np\n\ndef walk(seed):\n    return np.random.default_rng(seed)\n", 0),
    ],
)
def test_asks_a_simulated_market_for_a_seed(tmp_path: Path, text: str, rules: int) -> None:
    check(tmp_path, "python/bot4/history/simulated.py", text, ["unseeded-chance"] * rules)


PRODUCT_RUST = {
    "todo!": ("fn fill() -> u32 {\n    todo!()\n}\n", ["not-implemented", "unfinished-word"]),
    "unimplemented!": ('fn fill() {\n    unimplemented!("x")\n}\n', ["not-implemented"]),
    "empty body": ("pub fn cancel(&mut self) {}\n", ["empty-body"]),
    "returns a number": ("fn fee<T: Into<u8>>(x: T) -> f64 {\n    0.001\n}\n", ["constant-return"]),
    "returns Ok": ("fn check(&self) -> Result<(), E> {\n    Ok(())\n}\n", ["constant-return"]),
    "returns true": ("fn allowed(a: A) -> bool\nwhere\n    A: B,\n{ true }\n", ["constant-return"]),
    "returns an empty Vec": ("fn bars() -> Vec<u8> { Vec::new() }\n", ["constant-return"]),
    "chance": ("fn jitter() -> u64 {\n    rand::random()\n}\n", ["chance-in-product"]),
    "a word in a comment": ("// FIXME: rounds up\nconst A: u8 = 1;\n", ["unfinished-word"]),
}


@pytest.mark.parametrize("case", PRODUCT_RUST)
def test_finds_in_rust_product_code(tmp_path: Path, case: str) -> None:
    text, rules = PRODUCT_RUST[case]
    check(tmp_path, "rust/engine/src/planted.rs", text, rules)


TESTS = {
    "python without assertion": (
        "tests/test_a.py",
        "def test_runs():\n    len('a')\n",
        ["test-without-assertion"],
    ),
    "python assertion that holds always": (
        "tests/test_a.py",
        "def test_runs():\n    assert True\n",
        ["test-without-assertion", "vacuous-assertion"],
    ),
    "python comparison with itself": (
        "tests/test_a.py",
        "def test_runs():\n    x = 1\n    assert x\n    assert x == x\n",
        ["vacuous-assertion"],
    ),
    "python assertion of a tuple": (
        "tests/test_a.py",
        "def test_runs():\n    x = 1\n    assert x\n    assert (x == 2, 'words')\n",
        ["vacuous-assertion"],
    ),
    "python calls a function that does not assert": (
        "tests/test_a.py",
        "def show(x):\n    return x\n\ndef test_runs():\n    show(1)\n",
        ["test-without-assertion"],
    ),
    "python skip without reason": (
        "tests/test_a.py",
        "import pytest\n\n@pytest.mark.skip\ndef test_runs():\n    assert len('a') == 1\n",
        ["skip-without-reason"],
    ),
    "python xfail without reason": (
        "tests/test_a.py",
        "import pytest\n\ndef test_runs():\n    pytest.xfail()\n    assert len('a') == 1\n",
        ["skip-without-reason"],
    ),
    "rust without assertion": (
        "rust/engine/tests/a.rs",
        '#[test]\nfn runs() {\n    let _ = "assert!(true)"; // assert!(x)\n}\n',
        ["test-without-assertion"],
    ),
    "rust assertion that holds always": (
        "rust/engine/src/a.rs",
        "#[cfg(test)]\nmod tests {\n    #[test]\n    fn runs() { assert!(true); }\n}\n",
        ["test-without-assertion", "vacuous-assertion"],
    ),
    "rust ignored without reason": (
        "rust/engine/tests/a.rs",
        "#[test]\n#[ignore]\nfn runs() {\n    assert_eq!(one(), 1);\n}\n",
        ["skip-without-reason"],
    ),
}


@pytest.mark.parametrize("case", TESTS)
def test_finds_in_tests(tmp_path: Path, case: str) -> None:
    name, text, rules = TESTS[case]
    check(tmp_path, name, text, rules)


HONEST = {
    "a protocol": (
        "python/bot4/a.py",
        "from typing import Protocol\n\nclass Venue(Protocol):\n    def place(self) -> int: ...\n",
    ),
    "an abstract method": (
        "python/bot4/a.py",
        "from abc import abstractmethod\n\nclass V:\n    @abstractmethod\n    def p(self): ...\n",
    ),
    "a result that varies": ("python/bot4/a.py", "def twice(x):\n    return [x, 2]\n"),
    "a word inside a word": ("python/bot4/a.py", "# stubtest checks the shack\n"),
    "a test through another file's check": (
        "tests/test_a.py",
        "import pytest\n\ndef check(x):\n    assert x\n\ndef through(x):\n    check(x)\n\n"
        "def test_runs():\n    through(1)\n\ndef test_raises():\n"
        "    with pytest.raises(ValueError, match='x'):\n        int('x')\n\n"
        "@pytest.mark.skip(reason='needs a venue')\ndef test_later():\n    check(1)\n\n"
        "def test_same_twice():\n    assert len('a') == len('a')\n",
    ),
    "a rust test through check": (
        "rust/engine/tests/a.rs",
        "fn check(x: u8) {\n    assert_eq!(x, 1);\n}\n\n#[test]\nfn runs() {\n    check(1);\n}\n\n"
        '#[test]\n#[should_panic(expected = "x")]\nfn panics() {\n    go();\n}\n',
    ),
    "a string that looks like code": (
        "rust/engine/src/a.rs",
        "fn name<'a>(&'a self) -> String {\n"
        "    format!(\"rand::{}\", '{')\n}\n\ntrait A {\n    fn b(&self) -> u8;\n}\n",
    ),
}


@pytest.mark.parametrize("case", HONEST)
def test_finds_nothing_where_the_work_is_done(tmp_path: Path, case: str) -> None:
    name, text = HONEST[case]
    check(tmp_path, name, text, [])


ALLOWED = """
[[allowed]]
path = "python/bot4/a.py"
rule = "constant-return"
line = "def flat():"
reason = "{reason}"
"""


@pytest.mark.parametrize(
    ("reason", "body", "rules"),
    [
        ("flat is zero by definition", "0", []),
        ("", "0", ["allowance-without-reason"]),
        ("flat is zero by definition", "position", ["stale-allowance"]),
    ],
)
def test_an_allowance_needs_a_reason_and_a_use(
    tmp_path: Path, reason: str, body: str, rules: list[str]
) -> None:
    for folder in ("python/bot4", "scripts"):
        (tmp_path / folder).mkdir(parents=True)
    allowances = ALLOWED.format(reason=reason)
    (tmp_path / validate_no_fakes.ALLOWANCES).write_text(allowances, encoding="utf-8")
    (tmp_path / "python/bot4/a.py").write_text(f"def flat():\n    return {body}\n", "utf-8")
    assert [finding.rule for finding in validate_no_fakes.findings(tmp_path)] == rules


def test_the_real_tree_is_clean() -> None:
    shown = [finding.show(ROOT) for finding in validate_no_fakes.findings(ROOT)]
    assert shown == []
    assert len(validate_no_fakes.product_files(ROOT)) > 20


def test_says_where_and_exits_with_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check(tmp_path, "python/bot4/a.py", "X = 1\n\n\ndef fetch():\n    pass\n", ["empty-body"])
    assert validate_no_fakes.main([str(tmp_path)]) == 1
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "python/bot4/a.py:4: empty-body: fetch does nothing"
    (tmp_path / "python/bot4/a.py").write_text("X = 1\n", encoding="utf-8")
    assert validate_no_fakes.main([str(tmp_path)]) == 0
