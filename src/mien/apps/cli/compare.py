"""``mien compare``: two models on the same samples."""

from pathlib import Path
from typing import Annotated, Any

import typer

from mien.apps.cli import console

Scores = Annotated[Path, typer.Argument(help="scores.csv, or the folder that `mien evaluate --out` wrote.", show_default=False)]


def compare(a: Scores, b: Scores, json: console.Json = False) -> None:
    """Compare two models on the same samples: accuracies, their difference, McNemar's test, recall by label."""
    from mien.data.scores import read_scores
    from mien.evaluation.compare import compare as compare_tables

    result = {"a": str(a), "b": str(b)} | compare_tables(read_scores(a), read_scores(b), (str(a), str(b)))
    if json:
        console.print_json(result)
    else:
        _print(result)


def _print(result: dict[str, Any]) -> None:
    rows = [[letter, f"{result[f'accuracy_{letter}']:.4f}", _range(result[f"accuracy_{letter}_interval"])] for letter in "ab"]
    rows.append(["b - a", f"{result['difference']:+.4f}", _range(result["difference_interval"])])
    console.out.print(f"a: {result['a']}\nb: {result['b']}\nn {result['n']}", soft_wrap=True)
    console.print_table(["", "accuracy", f"{result['difference_interval']['confidence']:.0%} interval"], rows)
    test = result["mcnemar"]
    console.out.print(
        f"only a right: {test['b']}, only b right: {test['c']}; McNemar ({test['method']}): p = {test['p']:.4g}",
        soft_wrap=True,
    )
    columns = ["label", "recall a", "recall b", "difference", "n"]
    console.print_table(
        columns,
        [
            [name, f"{row['recall_a']:.3f}", f"{row['recall_b']:.3f}", f"{row['difference']:+.3f}", row["support"]]
            for name, row in result["per_class"].items()
        ],
    )


def _range(interval: dict[str, Any]) -> str:
    return f"{interval['low']:.4f} to {interval['high']:.4f}"
