from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mien.config import from_mapping, load_toml, to_toml
from mien.errors import ConfigError, UnknownNameError


@dataclass(frozen=True)
class Inner:
    rate: float = 0.1
    sizes: tuple[int, int] = (1, 2)


@dataclass(frozen=True)
class Outer:
    name: str
    steps: int = 3
    note: str | None = None
    means: tuple[float, ...] = (0.5,)
    table: dict[str, float] = field(default_factory=dict)
    inner: Inner = field(default_factory=Inner)

    def __post_init__(self) -> None:
        if self.steps < 0:
            raise ValueError("steps must not be negative")


def test_values_are_converted_and_nested() -> None:
    outer = from_mapping(Outer, {"name": "a", "means": [1, 2.5], "inner": {"rate": 1, "sizes": [3, 4]}, "table": {"x": 1}}, "test")
    assert outer == Outer("a", means=(1.0, 2.5), inner=Inner(1.0, (3, 4)), table={"x": 1.0})


@pytest.mark.parametrize(
    ("values", "error", "said"),
    [
        ({"nam": "a"}, UnknownNameError, "Did you mean 'name'?"),
        ({}, ConfigError, "missing name"),
        ({"name": 3}, ConfigError, "expected str, got 3"),
        ({"name": "a", "steps": True}, ConfigError, "expected int, got True"),
        ({"name": "a", "steps": -1}, ConfigError, "steps must not be negative"),
        ({"name": "a", "inner": {"sizes": [1]}}, ConfigError, "expected 2 values, got 1"),
        ({"name": "a", "inner": 5}, ConfigError, "expected a table"),
        ({"name": "a", "means": 5}, ConfigError, "expected a list"),
    ],
)
def test_wrong_values_are_named(values: dict[str, object], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=r".*") as caught:
        from_mapping(Outer, values, "test")
    assert said in str(caught.value)


def test_toml_round_trip_keeps_every_value(tmp_path: Path) -> None:
    outer = Outer('quote " and \\', steps=7, means=(0.1, 1e-9), inner=Inner(1e-4, (5, 6)))
    path = tmp_path / "a.toml"
    path.write_text(to_toml(outer))
    assert load_toml(Outer, path) == outer


def test_overrides_reach_nested_values_and_fail_with_a_hint(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('name = "a"')
    assert load_toml(Outer, path, ["inner.rate=0.5", "name=plain text", "inner.sizes=[7, 8]"]) == Outer(
        "plain text", inner=Inner(0.5, (7, 8))
    )
    assert load_toml(Outer, path, ["name=010", "steps=3", "inner.rate=2"]) == Outer("010", steps=3, inner=Inner(2.0))
    assert load_toml(Outer, path, ["name=8"]).name == "8"  # as transfer.freeze=8
    with pytest.raises(ConfigError, match=r"expected int, got 0\.5"):
        load_toml(Outer, path, ["steps=0.5"])
    with pytest.raises(UnknownNameError, match="Did you mean 'rate'"):
        load_toml(Outer, path, ["inner.rat=0.5"])
    with pytest.raises(ConfigError, match="expected KEY=VALUE"):
        load_toml(Outer, path, ["steps"])
    with pytest.raises(ConfigError, match="not a readable TOML"):
        load_toml(Outer, tmp_path / "absent.toml")
