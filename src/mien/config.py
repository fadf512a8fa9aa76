"""Typed configuration: a frozen dataclass, filled from TOML and from ``section.key=value`` overrides.

The dataclass is the schema: unknown keys fail with a suggestion, and values are checked against the
annotated types. Nested dataclasses are TOML tables. Nothing else is supported, on purpose.
"""

import dataclasses
import json
import tomllib
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from mien.errors import ConfigError, UnknownNameError

T = TypeVar("T")


def from_mapping(schema: type[T], values: Mapping[str, Any], where: str) -> T:
    """Build ``schema`` from plain values, checking names and types.

    Args:
        where: Named in errors, for instance the path of the file.

    Raises:
        ConfigError: a value has the wrong type, or a required one is missing.
        UnknownNameError: a key is not a field of the schema.
    """
    if not isinstance(values, Mapping):
        raise ConfigError(f"{where}: expected a table of {schema.__name__}, got {values!r}.")
    hints = get_type_hints(schema)
    fields = {field.name: field for field in dataclasses.fields(schema)}  # type: ignore[arg-type]
    for key in values:
        if key not in fields:
            raise UnknownNameError(f"{where}: key", str(key), fields)
    missing = [
        name
        for name, field in fields.items()
        if name not in values and field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise ConfigError(f"{where}: missing {', '.join(missing)}.")
    arguments = {key: _convert(hints[key], value, f"{where}: {key}") for key, value in values.items()}
    try:
        return schema(**arguments)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from error


def _convert(hint: Any, value: Any, where: str) -> Any:  # noqa: PLR0911 - one return per kind of type
    """Check ``value`` against ``hint``; lists become tuples and integers become floats where asked for."""
    if isinstance(value, _Number):
        value = value.text if hint is str else value.value
    origin, arguments = get_origin(hint), get_args(hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return from_mapping(hint, value, where)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        (inner,) = (a for a in arguments if a is not type(None))
        return _convert(inner, value, where)
    if origin is tuple:
        return _convert_tuple(arguments, value, where)
    if origin is dict:
        if not isinstance(value, Mapping):
            raise ConfigError(f"{where}: expected a table, got {value!r}.")
        return {str(key): _convert(arguments[1], item, f"{where}.{key}") for key, item in value.items()}
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint is Any or (isinstance(value, hint) and not (hint is int and isinstance(value, bool))):
        return value
    raise ConfigError(f"{where}: expected {hint.__name__}, got {value!r}.")


def _convert_tuple(arguments: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        raise ConfigError(f"{where}: expected a list, got {value!r}.")
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(_convert(arguments[0], item, where) for item in value)
    if len(value) != len(arguments):
        raise ConfigError(f"{where}: expected {len(arguments)} values, got {len(value)}.")
    return tuple(_convert(hint, item, where) for hint, item in zip(arguments, value, strict=True))


def load_toml(schema: type[T], path: Path, overrides: Sequence[str] = ()) -> T:
    """Read ``schema`` from a TOML file, then apply overrides such as ``"optimizer.epochs=3"``.

    Raises:
        ConfigError: the file cannot be read, or a value is wrong.
        UnknownNameError: a key is not a field of the schema.
    """
    return from_mapping(schema, read_toml(path, overrides), str(path))


def read_toml(path: Path, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """Return the values of a TOML file for ``from_mapping``, with overrides applied.

    Raises:
        ConfigError: the file cannot be read, or an override is none.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not a readable TOML file: {error}.") from error
    for override in overrides:
        _apply(values, override)
    return values


@dataclasses.dataclass(frozen=True)
class _Number:
    """A number on a command line; where a text is wanted, it is one."""

    value: float
    text: str


def _apply(values: dict[str, Any], override: str) -> None:
    """Set one dotted key; the value is read as TOML, or taken as text when it is none."""
    key, equals, text = override.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"{override!r}: expected KEY=VALUE, for instance optimizer.epochs=3.")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = _Number(value, text.strip())
    *tables, leaf = key.strip().split(".")
    for table in tables:
        values = values.setdefault(table, {})
        if not isinstance(values, dict):
            raise ConfigError(f"{override!r}: {table!r} is a value, not a table.")
    values[leaf] = value


def to_toml(config: Any) -> str:
    """Write a configuration dataclass as TOML, so that ``load_toml`` gives the same values back."""
    lines: list[str] = []
    tables: list[str] = []
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if dataclasses.is_dataclass(value):
            tables.append(f"\n[{field.name}]\n{to_toml(value)}")
        elif value is not None:
            lines.append(f"{field.name} = {_toml_value(value)}")
    return "\n".join(lines) + "\n" + "".join(tables)


def _toml_value(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml_value(item) for item in value) + "]"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key, ensure_ascii=False)} = {_toml_value(item)}" for key, item in value.items()) + "}"
    # JSON's strings, integers and booleans are TOML's.
    return json.dumps(value, ensure_ascii=False)  # its escapes of rarer characters are not
