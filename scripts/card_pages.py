"""docs/models/NAME.md: a model card of every bundle, from its card.json, records and run folders. `scripts/tables` writes them.

The headings are those of Mitchell et al., *Model Cards for Model Reporting* (2019), as far as they apply.
"""

import json
import tomllib
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from mien.card import Bundle, open_bundle, shipped_bundles
from mien.evaluation.figures import draw_reliability, draw_risk_coverage
from mien.evaluation.metrics import CalibrationBin, RiskPoint
from mien.records import read_records
from record_tables import RESULTS, ROOT, markdown

WATTS = 20
"""Assumed for two busy cores and their share of a server, since virtual machines do not tell."""
TEST_SPLITS = ("privatetest", "publictest")


def bundles() -> list[Bundle]:
    """Return every bundle of the repository: those in the package, then those beside it."""
    beside = sorted(path.parent for path in (ROOT / "bundles").glob("*/card.json"))
    return [open_bundle(name) for name in [*shipped_bundles(), *beside]]


def pages() -> dict[Path, str]:
    """Return the path and text of every model card."""
    return {ROOT / "docs" / "models" / f"{bundle.card.name}.md": page(bundle) for bundle in bundles()}


def page(bundle: Bundle) -> str:
    """Return a model card as Markdown."""
    card = bundle.card
    place = bundle.folder.relative_to(ROOT).as_posix()
    parts = [
        f"# {card.name}\n\nModel card of `{place}`; made by `scripts/tables` from `card.json`, `results/` and run folders.\n",
        _facts(bundle),
        f"## Use\n\n{card.intended_use}\n",
        f"## Data and rights\n\n{card.license} Trained on {card.training.num_images:,} pictures of {card.training.data} (SHA-256 "
        f"`{card.training.data_sha256[:16]}...`); pictures whose pixels also stand in a test split are left out.\n",
        _accuracy(bundle),
        _by_class(bundle),
        _conditions(bundle),
        _trust(bundle),
        f"## Known failures\n\n{card.limits}\n{_confusions(bundle)}",
        _training(bundle),
    ]
    return "\n".join(part for part in parts if part)


def _facts(bundle: Bundle) -> str:
    card = bundle.card
    rows = [["network", card.network.architecture], ["parameters", f"{card.network.parameters:,}"]]
    rows += [["multiply-accumulates a face", f"{card.network.macs / 1e6:.0f} M"], ["answers", ", ".join(card.labels)]]
    rows += [["input", f"{' x '.join(map(str, card.preprocess.size_hw))}, {card.preprocess.color}"]]
    rows += [[f"{name} file", f"{entry.bytes / 1e6:.2f} MB"] for name, entry in card.files.items()]
    return markdown(["", ""], rows)


def _accuracy(bundle: Bundle) -> str:
    rows = []
    for name, entry in bundle.card.files.items():
        rows += [[name, where, f"{100 * rate:.2f}"] for where, rate in entry.accuracy.items()]
    opened = any("privatetest" in where for _, where, _ in rows)
    test = "PrivateTest was opened once for this release." if opened else "PrivateTest was not opened."
    is_voted = any("ferplus_probability" in where for _, where, _ in rows)
    votes = " `ferplus_probability` keeps faces without a majority, too, which are harder; by majority, below." if is_voted else ""
    return f"## Accuracy\n\nOne crop, one pass, the data set's own pictures. PublicTest chose and calibrated; {test}{votes}\n\n" + markdown(
        ["file", "split", "accuracy %"], rows
    )


def evaluation(bundle: Bundle) -> dict[str, Any] | None:
    """Return the newest record of `mien evaluate` of the bundle's own files, direct crops, of the strictest split; float32 before int8."""
    records = read_records(RESULTS / "evaluate.jsonl")
    for split in TEST_SPLITS:
        for file in bundle.card.files:
            wanted = (bundle.card.name, file, split, "direct")
            for record in reversed(records):
                found = tuple(record[key] for key in ("model", "file", "split", "crops"))
                if found == wanted and _is_of(bundle, record, record["accuracy"]):
                    return record
    return None


def _is_of(bundle: Bundle, record: dict[str, Any], accuracy: float) -> bool:
    """Say whether a record is of the bundle as it is. Those of before records had hashes are known by the card's own accuracy."""
    file = record["file"]
    if file not in bundle.card.files:
        return False
    entry = bundle.card.files[file]
    if hashes := record.get("files_sha256"):
        return bool(hashes.get(file) == entry.sha256)
    return any(abs(rate - accuracy) < 1e-9 for rate in entry.accuracy.values())


def _place(record: dict[str, Any]) -> str:
    return f"{record['file']} file, {record['dataset']}/{record['split']}, {record['n']:,} faces, labels {record['label_source']}"


def _by_class(bundle: Bundle) -> str:
    record = evaluation(bundle)
    if record is None:
        return ""
    rows = [
        [name, *(f"{100 * row[key]:.1f}" for key in ("precision", "recall", "f1")), f"{row['support']:,}"]
        for name, row in record["per_class"].items()
    ]
    return f"By expression ({_place(record)}):\n\n" + markdown(["label", "precision %", "recall %", "F1 %", "faces"], rows)


def _confusions(bundle: Bundle) -> str:
    """Name the three most frequent mistakes."""
    record = evaluation(bundle)
    if record is None:
        return ""
    names = record["labels"]
    shares = [
        (count / max(1, sum(row)), names[true], names[given])
        for true, row in enumerate(record["confusion"])
        for given, count in enumerate(row)
        if true != given
    ]
    worst = sorted(shares, reverse=True)[:3]
    return "\nMost frequent mistakes: " + "; ".join(f"{true} read as {given} ({share:.0%})" for share, true, given in worst) + ".\n"


def _conditions(bundle: Bundle) -> str:
    """Accuracy under changed faces, from the newest probes that this bundle took part in."""
    newest = {}
    for record in read_records(RESULTS / "probe.jsonl"):
        for row in record["rows"]:
            if row["model"] == bundle.card.name and _is_of(bundle, row, row["clean"]):
                newest[record["probe"]] = (record, row)
    if not newest:
        return ""
    text = "## Under harder conditions\n\nAccuracy in %, faces changed ([how](../explain.md)).\n"
    for kind, (record, row) in newest.items():
        rates: dict[str, list[float]] = {}
        for name, rate in row["conditions"].items():
            if name in ("front", "nothing"):
                continue
            rates.setdefault(name.partition("/")[0], []).append(100 * rate)
        cells = [f"{sum(values) / len(values):.1f}" for values in rates.values()]
        note = ", means of five strengths" if kind == "corruptions" else ""
        text += f"\n{kind}{note}, {record['n']:,} faces of {record['dataset']}/{record['split']}, {row['file']} file:\n\n"
        text += markdown(["untouched", *rates], [[f"{100 * row['clean']:.1f}", *cells]])
    return text


def _trust(bundle: Bundle) -> str:
    calibration = bundle.card.calibration
    text = (
        f"## Probabilities\n\nTemperature {calibration.temperature}, uncertain below {calibration.abstain_below} "
        f"({calibration.fitted_on}).\n"
    )
    record = evaluation(bundle)
    trust = calibration.trust or {}
    if trust:
        shares = list(next(iter(trust.values())).accuracy_at)
        rows = [
            [where, f"{100 * one.ece:.1f}", f"{one.brier:.3f}", f"{one.log_loss:.3f}", *(f"{100 * one.accuracy_at[s]:.1f}" for s in shares)]
            for where, one in trust.items()
        ]
        columns = ["split", "ECE, points", "Brier", "log loss", *(f"accuracy % of the surest {float(share):.0%}" for share in shares)]
        text += "\n" + markdown(columns, rows)
    elif record:
        text += f"\nECE {100 * record['ece']:.1f} points, Brier score {record['brier']:.3f}, log loss {record['log_loss']:.3f} "
        text += f"({_place(record)}).\n"
    if record and "calibration_bins" in record:
        reliability, risk = (path.name for path in _pictures(bundle))
        text += f"\n![Reliability: accuracy against confidence](../images/{reliability})\n"
        text += f"![Share of wrong readings against the share of faces that get one](../images/{risk})\n"
    return text


def _training(bundle: Bundle) -> str:
    """Stages, their epochs, hours and energy, the last one first. A mean of several runs of one recipe counts that recipe so many times."""
    rows, hours, is_known, is_taught = [], 0.0, True, False
    ahead = {bundle.card.training.recipe: 1}
    done: set[str] = set()
    while recipe := next((name for name in ahead if name not in done), ""):
        done.add(recipe)
        folder, times = RESULTS / "runs" / recipe, ahead[recipe]
        if not folder.is_dir():
            is_known = False
            rows.append([recipe, "-", "-"])
            continue
        lines = [json.loads(line) for line in (folder / "times.jsonl").read_text(encoding="utf-8").splitlines()]
        stage_hours = sum(line["seconds"] for line in lines) / 3600
        epochs = sum(line["epoch"] > 0 for line in lines)  # 0 is the features of a frozen backbone
        many = f"{times} x " if times > 1 else ""
        rows.append([recipe, f"{many}{epochs}", f"{many}{stage_hours:.1f}"])
        hours += times * stage_hours
        distill = tomllib.loads((folder / "recipe.toml").read_text(encoding="utf-8")).get("distill", {})
        is_taught |= bool(distill.get("scores") or distill.get("teacher"))
        before = json.loads((folder / "data.json").read_text(encoding="utf-8")).get("init", {"recipe": ""})["recipe"]
        for name, count in Counter(name.rpartition(", ")[2] for name in before.split(" + ") if name).items():
            ahead[name] = max(ahead.get(name, 0), count)  # runs of one recipe differ here; what several start from is one run
    seed, commit = bundle.card.training.seed, bundle.card.training.commit
    about = "About" if is_known else "At least"
    return (
        f"## Training\n\nSeed {seed}, commit `{commit[:12]}`. Stages, the last one first:\n\n"
        + markdown(["recipe", "epochs", "hours on 2 cores"], rows)
        + f"\n{about} {hours * WATTS:.0f} Wh for these stages, at {WATTS} W for two busy cores of a server (assumed)"
        + ("; the runs that taught them are not counted.\n" if is_taught else ".\n")
    )


def _pictures(bundle: Bundle) -> tuple[Path, Path]:
    """Return where a bundle's two curves stand; the names carry its hash, so that those of earlier files are not mistaken for them."""
    first = next(iter(bundle.card.files.values())).sha256[:8]
    folder = ROOT / "docs" / "images"
    return folder / f"{bundle.card.name}-{first}-reliability.png", folder / f"{bundle.card.name}-{first}-risk.png"


def pictures() -> dict[Path, Callable[[], bytes]]:
    """Return the path of every curve that the cards show, and what draws it."""
    drawn: dict[Path, Callable[[], bytes]] = {}
    for bundle in bundles():
        record = evaluation(bundle)
        if record is None or "calibration_bins" not in record:
            continue
        reliability, risk = _pictures(bundle)
        bins = [CalibrationBin(**values) for values in record["calibration_bins"]]
        points = [RiskPoint(**values) for values in record["risk_coverage"]]
        drawn |= {reliability: partial(draw_reliability, bins), risk: partial(draw_risk_coverage, points)}
    return drawn


def draw() -> None:
    """Draw the curves that are not there yet."""
    for path, make in pictures().items():
        if not path.is_file():
            path.write_bytes(make())
