"""`.env.example` lists exactly what is read: by the settings, by the Procfile, and by `make run`."""

import ast
import re
from collections.abc import Iterator

from config import env

EXAMPLE = (env.ROOT / ".env.example").read_text()
SOURCES = [*sorted((env.ROOT / "config" / "settings").glob("*.py")), env.ROOT / "config" / "env.py"]
READERS = {"text", "flag", "number", "numbers", "words", "choice", "secret", "required", "os.environ.get"}
ENTRY = re.compile(r"^#?([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)
MARKED = re.compile(r"^# \[file\].*\n(?:# .*\n)*((?:#?[A-Z][A-Z0-9_]*=.*\n)+)", re.MULTILINE)
ELSEWHERE = {"DJANGO_SETTINGS_MODULE", "DEVICES"}  # Django's own, and the launcher's


def reads() -> Iterator[tuple[str, str, ast.expr | None]]:
    """Reader, variable and default of every `env.<reader>("NAME", default)`, in env.py too."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                continue
            reader = ast.unparse(node.func).removeprefix("env.")
            name = str(node.args[0].value)
            if reader in READERS and name.isupper():
                yield reader, name, node.args[1] if len(node.args) > 1 else None


def product(node: ast.expr | None) -> int | None:
    """The value of `24 * 3600`; None of anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        left, right = product(node.left), product(node.right)
        return left * right if left is not None and right is not None else None
    return None


def test_example_lists_every_variable_that_is_read_and_no_other() -> None:
    in_procfile = set(re.findall(r"\$\{([A-Z_]+)", (env.ROOT / "Procfile").read_text()))
    listed = [name for name, _ in ENTRY.findall(EXAMPLE)]
    assert sorted(listed) == sorted({name for _, name, _ in reads()} | in_procfile | ELSEWHERE)


def test_example_marks_the_secrets_that_may_come_from_files() -> None:
    marked = {name for block in MARKED.findall(EXAMPLE) for name, _ in ENTRY.findall(block)}
    assert marked == {name for reader, name, _ in reads() if reader in {"secret", "required"}}


def test_example_shows_the_defaults_of_numbers() -> None:
    shown = dict(ENTRY.findall(EXAMPLE))
    defaults = {name: product(default) for reader, name, default in reads() if reader == "number"}
    assert {name: shown[name] for name in defaults} == {name: str(value) for name, value in defaults.items()}


def test_example_sets_nothing_by_itself() -> None:
    assert [line for line in EXAMPLE.splitlines() if line and not line.startswith("#")] == []
