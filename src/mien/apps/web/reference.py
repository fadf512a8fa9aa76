"""The reference of the REST interface as one plain page: no script, nothing from anywhere else."""

from html import escape
from typing import Any

STYLE_SHEET = "style.css"


def reference_page(openapi: dict[str, Any]) -> str:
    """Return HTML that lists every operation of an OpenAPI description, with its parameters and answers."""
    schemas = openapi.get("components", {}).get("schemas", {})
    operations = [_operation(method, path, values) for path, methods in openapi["paths"].items() for method, values in methods.items()]
    types = [_type(name, schema) for name, schema in schemas.items()]
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>mien: REST reference</title>
<link rel="stylesheet" href="{STYLE_SHEET}">
<main class="reference">
<h1>mien {escape(openapi["info"]["version"])}</h1>
<p>{escape(openapi["info"]["description"])}</p>
<p>The same as <a href="openapi.json">OpenAPI</a>. Live video: a WebSocket at <code>/v1/stream</code>. Send every frame as one binary
message (JPEG, PNG, WebP), get one JSON message for every frame that was read; <code>num_dropped</code> counts frames that newer ones
replaced. Parameters: <code>model</code>, <code>file</code>, <code>key</code>.</p>
{"".join(operations)}
<h2>Types</h2>
{"".join(types)}
</main>
</html>
"""


def _operation(method: str, path: str, values: dict[str, Any]) -> str:
    rows = [(one["name"], one["in"], _shape(one["schema"]), one.get("description", "")) for one in values.get("parameters", [])]
    body = values.get("requestBody", {})
    rows += [("body", kind, _shape(one["schema"]), body.get("description", "")) for kind, one in body.get("content", {}).items()]
    answers = []
    for status, answer in values["responses"].items():
        shapes = [_shape(one.get("schema", {})) for one in answer.get("content", {}).values()]
        answers.append((status, ", ".join(shapes), answer.get("description", "")))
    parts = [f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(values.get('description', ''))}</p>"]
    if rows:
        parts.append(_table(("name", "in", "type", ""), rows))
    return "".join([*parts, _table(("status", "type", ""), answers)])


def _type(name: str, schema: dict[str, Any]) -> str:
    fields = [(key, _shape(value), value.get("description", "")) for key, value in schema.get("properties", {}).items()]
    values = ", ".join(map(str, schema.get("enum", ())))
    body = _table(("field", "type", ""), fields) if fields else f"<p>{escape(values)}</p>"
    return f'<h3 id="{escape(name)}">{escape(name)}</h3><p>{escape(schema.get("description", ""))}</p>{body}'


def _shape(schema: dict[str, Any]) -> str:
    """Return a schema's type in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "items" in schema:
        return f"list of {_shape(schema['items'])}"
    return str(schema.get("format") or schema.get("type", "any"))


def _table(columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    head = "".join(f"<th>{escape(column)}" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}" for cell in row) for row in rows)
    return f'<div class="scroll"><table><tr>{head}{body}</table></div>'
