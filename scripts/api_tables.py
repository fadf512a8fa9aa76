"""The reference of the public names, from their sources: docstrings, and what stands below fields, which `help()` does not show."""

import ast
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path

import mien
from record_tables import markdown


def api() -> str:
    """Every name of ``mien.__all__`` that is a class or a function, readers first, results, settings and errors behind them."""
    names = [name for name in mien.__all__ if not name.startswith("_")]
    groups = (
        ("Readers", ("Recognizer", "PartReader", "stream", "Session", "Watcher")),
        ("Settings", tuple(name for name in names if name.endswith("Spec"))),
        ("Errors", tuple(name for name in names if name.endswith("Error"))),
    )
    placed = {name for _, group in groups for name in group}
    ordered = [groups[0], ("Results and what goes in", tuple(name for name in names if name not in placed)), *groups[1:]]
    return "".join(f"## {title}\n\n" + "".join(_section(name) for name in group) for title, group in ordered)


def _section(name: str) -> str:
    node = _definition(getattr(mien, name), name)
    parts = [f"### `{name}`\n\n"]
    if isinstance(node, ast.FunctionDef):
        return parts[0] + f"```python\n{_signature(node, name)}\n```\n\n" + _text(node)
    parts.append(_text(node))
    fields = list(_fields(node))
    if fields:
        parts.append(markdown(["field", "type", "what"], [[f"`{field}`", f"`{kind}`", text] for field, kind, text in fields]) + "\n")
    for method in node.body:
        if not isinstance(method, ast.FunctionDef):
            continue
        if method.name == "__init__":
            parts.insert(1, f"```python\n{_signature(method, name)}\n```\n\n")
        elif _is_public(method) and ast.get_docstring(method):
            parts.append(f"```python\n{_signature(method, method.name)}\n```\n\n{_text(method)}")
    return "".join(parts)


def _definition(thing: object, name: str) -> ast.ClassDef | ast.FunctionDef:
    path = Path(str(inspect.getsourcefile(thing)))  # type: ignore[arg-type]
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            return node
    raise SystemExit(f"{path}: defines no {name}")


def _fields(node: ast.ClassDef) -> Iterator[tuple[str, str, str]]:
    """Yield name, type with default, and what is said of each field."""
    for field, below in zip(node.body, [*node.body[1:], ast.Pass()], strict=True):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        is_told = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str)
        text = " ".join(below.value.value.split()) if is_told else ""
        default = f" = {ast.unparse(field.value)}" if field.value else ""
        yield field.target.id, f"{ast.unparse(field.annotation)}{default}", text.replace("``", "`").replace("|", "\\|")


def _is_public(method: ast.FunctionDef) -> bool:
    return not method.name.startswith("_") or method.name == "__call__"


def _signature(node: ast.FunctionDef, shown: str) -> str:
    if any(isinstance(one, ast.Name) and one.id == "property" for one in node.decorator_list):
        return f"{shown}: {ast.unparse(node.returns) if node.returns else 'object'}"
    arguments = [ast.unparse(one) for one in node.args.args if one.arg not in ("self", "cls")]
    for index, default in enumerate(reversed(node.args.defaults), start=1):
        arguments[-index] += f" = {ast.unparse(default)}"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns and node.name != "__init__" else ""
    line = f"{shown}({', '.join(arguments)}){returns}"
    return line if len(line) <= 110 else f"{shown}(\n" + "".join(f"    {argument},\n" for argument in arguments) + f"){returns}"


def _text(node: ast.ClassDef | ast.FunctionDef) -> str:
    """Return a docstring as Markdown: its text, and its sections as they stand."""
    lines = (ast.get_docstring(node) or "").splitlines()
    heads = [index for index, line in enumerate(lines) if line in ("Attributes:", "Args:", "Raises:", "Returns:")]
    first = heads[0] if heads else len(lines)
    text = "\n".join(lines[:first]).strip().replace("``", "`")
    sections = "\n".join(lines[first:]).strip()
    return f"{text}\n\n" + (f"```text\n{sections}\n```\n\n" if sections else "")


TABLES: dict[str, Callable[[], str]] = {"api": api}
