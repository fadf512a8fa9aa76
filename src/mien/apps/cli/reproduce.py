"""``mien reproduce``: a paper's table, trained and measured again."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mien.apps.cli import console
from mien.apps.cli.evaluate import describe_barred, describe_missed
from mien.errors import ConfigError, MienError

if TYPE_CHECKING:
    from mien.reproduce.papers import Paper
    from mien.reproduce.rows import Row


def reproduce(
    system: Annotated[str, typer.Argument(help="000 to 004, or mobile23, clcm, affect14, mini784k, cnn5.", show_default=False)],
    table: Annotated[str, typer.Option(help="One table of the paper; all by default.")] = "",
    row: Annotated[list[str] | None, typer.Option("--row", metavar="WORDS", help="Only rows whose label holds these words.")] = None,
    budget: Annotated[str, typer.Option(help="smoke (minutes), cpu (a figure over night) or full (the paper's own training).")] = "smoke",
    data: Annotated[Path, typer.Option("--data", help="Folder that holds one folder per data set, named as in `mien datasets`.")] = Path(
        "data"
    ),
    runs: Annotated[
        Path, typer.Option("--runs", metavar="DIR", help="Where run folders go; finished ones are measured, not trained again.")
    ] = Path("runs"),
    set_: console.Set = None,
    repeats: Annotated[int, typer.Option(min=1, help="Train every row with so many seeds, and tell mean and standard deviation.")] = 1,
    dry: Annotated[bool, typer.Option("--list", help="Show rows, recipes and the paper's figures; train nothing.")] = False,
    record: console.Record = None,
    json: console.Json = False,
) -> None:
    """Train and measure the networks of a paper by its own protocol, and print its figures beside ours.

    Rows whose data are not there are left out, the others are still done, and the exit status is then 2.
    """
    from mien.reproduce.reproduce import choose_rows, find_paper, row_recipe, summarize_repeats

    paper = find_paper(system)
    rows = choose_rows(paper, table, row or ())
    for one in rows:
        row_recipe(paper, one, budget, set_ or ())  # a mistake should show before hours of training
    if dry:
        _list(paper, rows, budget, json)
        return
    results, missing = _train_all(paper, _trainings(paper, rows, budget, set_ or (), repeats), data, runs, budget, record)
    if not results:
        raise ConfigError(f"No row of {paper.key} could be made. {missing[0]}")
    spread = summarize_repeats(results) if repeats > 1 else []
    if json:
        values = {"system": paper.key, "rows": results, "left_out": missing, "chosen": paper.chosen, "defects": paper.defects}
        console.print_json(values | ({"repeats": spread} if spread else {}))
    else:
        _print(paper, results, spread)
    for line in missing:
        console.say(f"Left out: {line}")
    if missing:
        raise typer.Exit(2)


def _train_all(
    paper: "Paper", trainings: "Iterator[tuple[Row, list[str]]]", data: Path, runs: Path, budget: str, record: Path | None
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return what was measured, and what could not be, in words."""
    from mien.records import append_record
    from mien.reproduce.reproduce import reproduce_row
    from mien.training.fit import Watch

    results: list[dict[str, Any]] = []
    missing: list[str] = []
    for one, changes in trainings:
        if any(line.startswith(f"{one.label}: ") for line in missing):
            continue  # with another seed it would fail again
        try:
            with console.progress(one.label) as show:
                results.append(reproduce_row(paper, one, data, runs, budget, changes, console.say, Watch(show, _say_epoch)))
        except MienError as error:
            missing.append(f"{one.label}: {error}")
            console.say(f"{one.label}: left out. {error}")
            continue
        if record:
            append_record(record, "reproduce", results[-1])
    return results, missing


def _trainings(paper: "Paper", rows: "list[Row]", budget: str, changes: Sequence[str], repeats: int) -> "Iterator[tuple[Row, list[str]]]":
    """Yield every row with the changes of its recipe, as often as it is trained: each time with the next seed."""
    from mien.reproduce.reproduce import row_recipe

    for row in rows:
        first = row_recipe(paper, row, budget, changes).seed
        for seed in range(first, first + repeats):
            yield row, [*changes, *([f"seed={seed}"] if repeats > 1 else [])]


def _say_epoch(history: list[dict[str, float]]) -> None:
    last = history[-1]
    console.say(
        f"epoch {last['epoch']:.0f}: rate {last['learning_rate']:.2g}, training loss {last['training_loss']:.4f}, "
        f"validation accuracy {last['validation_accuracy']:.4f}"
    )


def _list(paper: "Paper", rows: Any, budget: str, json: bool) -> None:
    """Show what would be done."""
    changes = {r.label: (*r.overrides, *(r.budgets or paper.budgets).get(budget, ())) for r in rows}
    if json:
        values = [
            {"table": r.table, "row": r.label, "recipe": r.recipe, "changes": changes[r.label], "test": r.test, "paper": r.paper}
            for r in rows
        ]
        console.print_json({"system": paper.key, "rows": values, "chosen": paper.chosen, "defects": paper.defects})
        return
    table = [[r.table, r.label, _percent(r.paper), r.test, r.recipe, " ".join(changes[r.label])] for r in rows]
    console.print_table(["table", "row", "paper %", "tested on", "recipe", "changes"], table)
    _print_notes(paper, [])


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{100 * rate:.1f}"


def _print(paper: "Paper", results: list[dict[str, Any]], spread: list[dict[str, Any]]) -> None:
    """Print both figures of every row, and what must be known to compare them."""
    console.out.print(f"{paper.key} {paper.name}: {paper.title}", soft_wrap=True)
    rows = []
    for r in results:
        interval = f"{100 * r['accuracy_interval']['low']:.1f}..{100 * r['accuracy_interval']['high']:.1f}"
        tested = f"{r['dataset']}/{r['split']} ({r['n']:,}{describe_missed(r)}){describe_barred(r)}, {r['crops']}"
        tested += ", leaks" if r["leaks"] else ""
        trained = f"{r['num_training']:,} pictures, {r['epochs']} epochs, {r['minutes']:.1f} min, seed {r['seed']}"
        rows.append(
            [
                r["row"],
                _percent(r["paper"]),
                _percent(r["accuracy"]),
                interval,
                _percent(r["macro_f1"]),
                _percent(r["weighted_f1"]),
                tested,
                trained,
                r["budget"],
            ]
        )
    console.print_table(["row", "paper %", "ours %", "95 % interval", "macro F1", "weighted F1", "tested on", "trained on", "budget"], rows)
    for line in spread:
        each = " ".join(f"{100 * accuracy:.1f}" for accuracy in line["accuracies"])
        console.out.print(f"{line['row']}: {100 * line['mean']:.1f} ± {100 * line['sd']:.1f} over seeds {line['seeds']} ({each})")
    for r in results:
        _print_labels(r)
    for r in results:
        if "multistage" in r:
            _print_stages(r["row"], r["multistage"])
    _print_notes(paper, results)


def _print_labels(result: dict[str, Any]) -> None:
    """Print both figures of every label, where the paper tells them."""
    told = {rate: of_paper for rate in ("recall", "precision") if (of_paper := result[f"paper_{rate}"])}
    if not told:
        return
    rows = [
        [label, *(text for rate, of_paper in told.items() for text in (_percent(of_paper.get(label)), _percent(ours[rate])))]
        for label, ours in result["per_class"].items()
    ]
    console.out.print(f"{result['row']}, by label:", soft_wrap=True)
    console.print_table(["label", *(f"{whose} {rate} %" for rate in told for whose in ("paper's", "our"))], rows)


def _print_stages(label: str, result: dict[str, Any]) -> None:
    """Print the two trainings as the paper does, and whether they are the same."""
    stages = " + ".join(map(str, result["stages"]))
    same = "identical histories" if result["same_history"] else "different histories"
    line = f"{label}: {stages} epochs against all at once: {same}, weights differ by at most {result['largest_weight_difference']:.3g}"
    console.out.print(line, soft_wrap=True)
    names = list(result["continuous"])
    rows = [[kind, *(f"{result[kind][name]:.4f}" for name in names)] for kind in ("multistage", "continuous")]
    console.print_table(["training", *(name.replace("_", " ") for name in names)], rows)


def _print_notes(paper: "Paper", results: list[dict[str, Any]]) -> None:
    notes = [f"{r['row']}: {note}" for r in results for note in r["notes"]]
    left_out = "training pictures left out whose pixels also stand in another split, which the paper kept"
    notes += [f"{r['row']}: {r['left_out_duplicates']} {left_out}" for r in results if r["left_out_duplicates"]]
    for heading, lines in (("Left open by the paper, chosen here", paper.chosen), ("Known of the paper", paper.defects), ("Rows", notes)):
        for line in lines:
            console.out.print(f"{heading}: {line}.", soft_wrap=True)
