"""``mien tune``: a search over the values of a recipe."""

from pathlib import Path
from typing import Annotated, Any

import typer

from mien.apps.cli import console
from mien.errors import ConfigError


def tune(
    study: Annotated[str, typer.Argument(help="Shipped study, or a .toml file; without one the shipped studies are listed.")] = "",
    data: console.Data = Path("data"),
    output: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Study folder; studies/STUDY by default.")] = None,
    trials: Annotated[int, typer.Option(min=0, help="End this session after so many trials; the same command goes on.")] = 0,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one value of the study, such as trials=50.")
    ] = None,
    change: Annotated[
        list[str] | None, typer.Option("--change", metavar="KEY=VALUE", help="Change one value of every trial's recipe.")
    ] = None,
    record: console.Record = None,
    json: console.Json = False,
) -> None:
    """Search for better values of a recipe; every trial is a run folder, and an interrupted study goes on exactly."""
    from dataclasses import replace

    from mien.records import append_record
    from mien.tuning.study import check_fit, load_study, shipped_studies
    from mien.tuning.tune import tune as run_study

    if not study:
        studies = [load_study(name) for name in shipped_studies()]
        if json:
            console.print_json(
                {"studies": [{"name": s.name, "recipe": s.recipe, "trials": s.num_trials, "space": s.space} for s in studies]}
            )
        else:
            console.print_table(
                ["study", "recipe", "sampler", "trials", "what for"],
                [[s.name, s.recipe, s.sampler, s.num_trials, s.description] for s in studies],
            )
        return
    chosen = load_study(study, tuple(set_ or ()))
    if change:
        chosen = replace(chosen, changes=(*chosen.changes, *change))
        check_fit(chosen)
    study_dir = output or Path("studies") / chosen.name
    try:
        with console.progress(chosen.name) as show:
            result = run_study(chosen, data, study_dir, console.say, show, trials)
    except KeyboardInterrupt:
        console.say(f"Stopped. Finished trials and epochs are kept; the same command goes on: --out {study_dir}")
        raise
    if record:
        append_record(record, "study", result | {"overrides": list(chosen.changes), "recipe": chosen.recipe})
    if json:
        console.print_json(result)
        return
    if result["best"] is None:
        raise ConfigError(f"{study_dir}: no trial finished; see {study_dir / 'trials.csv'}.")
    console.out.print(
        f"{result['finished']} of {result['planned']} trials, best {chosen.monitor} {result['best']['value']:.4f} with", soft_wrap=True
    )
    rows = [
        [key, value, f"{result['importance'].get(key, 0):.2f}" if result["importance"] else "-"]
        for key, value in result["best"]["values"].items()
    ]
    console.print_table(["key", "best value", "importance"], rows)
    if "judged" in result:
        _print_judged(result["judged"])
    console.out.print(f"{study_dir}", soft_wrap=True)


def _print_judged(rows: list[dict[str, Any]]) -> None:
    splits = list(rows[0]["accuracy"])
    console.print_table(
        ["change", *(f"{split} %" for split in splits), "difference, points", "95 % interval", "p"],
        [
            [
                ", ".join(f"{key} = {value}" for key, value in row["change"].items()) or "(none)",
                *(f"{100 * row['accuracy'][split]:.2f}" for split in splits),
                f"{100 * row['difference']:+.2f}",
                f"{100 * row['interval']['low']:+.2f} to {100 * row['interval']['high']:+.2f}",
                f"{row['p']:.2g}",
            ]
            for row in rows
        ],
    )
