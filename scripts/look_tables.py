"""The tables of what networks look at, of parts, and of probes."""

from collections.abc import Callable
from typing import Any

from mien.card import open_bundle
from mien.labels import FER7
from mien.parts import PART_NAMES, PARTS_BUNDLE, PARTS_FILE
from mien.records import read_records
from record_tables import RESULTS, check_shipped, markdown, newest

NOT_YET = "Not measured yet.\n"


def records(file_name: str) -> list[dict[str, Any]]:
    return read_records(RESULTS / file_name) if (RESULTS / file_name).is_file() else []


def explain_check() -> str:
    """The newest record of `mien explain --check`."""
    if not records("explain.jsonl"):
        return NOT_YET
    record = newest("explain.jsonl")
    rows = []
    for name, values in record["methods"].items():
        on_face = values.get("share_on_face")
        figures = [f"{values[key]:.3f} ± {values[f'{key}_se']:.3f}" for key in ("deletion", "insertion")]
        rows.append([name.replace("_", "-"), *figures, f"{100 * on_face['all']:.0f}" if on_face else "-"])
    note = (
        f"\n{record['model']}, {record['n']} faces of {record['dataset']}/{record['split']}, as many of each label; ± one standard error. "
        f"The face takes {100 * record['area']['all']:.0f} % of the picture ({record['faces_with_mesh']} faces where the mesh finds one).\n"
    )
    return markdown(["map", "deletion (low is good)", "insertion (high is good)", "% on the face"], rows) + note


def face_share() -> str:
    """Shares on the face by label, from the same record."""
    if not records("explain.jsonl"):
        return NOT_YET
    record = newest("explain.jsonl")
    labels = [label for label in FER7 if label in record["area"]]
    rows = [["the face itself", *(f"{100 * record['area'][label]:.0f}" for label in labels)]]
    rows += [
        [name.replace("_", "-"), *(f"{100 * values['share_on_face'][label]:.0f}" for label in labels)]
        for name, values in record["methods"].items()
        if "share_on_face" in values
    ]
    return markdown(["% on the face", *labels], rows)


def parts() -> str:
    """Accuracy of each part alone, from the card of the network of parts."""
    entry = open_bundle(PARTS_BUNDLE).card.files[PARTS_FILE]
    where = entry.parity_on.partition(",")[0]
    rates = [entry.accuracy[where], *(entry.accuracy[f"{where}, {name} alone"] for name in PART_NAMES)]
    columns = ["whole face", *(name.replace("_", " ") for name in PART_NAMES)]
    return markdown(["accuracy % of", *columns], [[PARTS_BUNDLE, *(f"{100 * rate:.1f}" for rate in rates)]])


def newest_probe(kind: str) -> dict[str, Any] | None:
    record = next((record for record in reversed(records("probe.jsonl")) if record["probe"] == kind), None)
    for row in record["rows"] if record else ():
        check_shipped("probe.jsonl", row["model"], row["files_sha256"])
    return record


def conditions(kind: str) -> str:
    record = newest_probe(kind)
    if record is None:
        return NOT_YET
    names = list(record["rows"][0]["conditions"])
    rows = [[model_of(row), *(f"{100 * row['conditions'][name]:.1f}" for name in names)] for row in record["rows"]]
    return markdown([f"{kind}, accuracy %", *names], rows) + f"\n{record['dataset']}/{record['split']}, {record['n']:,} faces.\n"


def model_of(row: dict[str, Any]) -> str:
    """Its name, and its labels where it does not know all seven."""
    return row["model"] if len(row["labels"]) == len(FER7) else f"{row['model']} ({len(row['labels'])} labels, {row['n']:,} faces)"


def probe_corruptions() -> str:
    """Means over the strengths, and over everything."""
    record = newest_probe("corruptions")
    if record is None:
        return NOT_YET
    names = list(dict.fromkeys(key.partition("/")[0] for key in record["rows"][0]["conditions"]))
    rows = []
    for row in record["rows"]:
        means = []
        for name in names:
            rates = [rate for key, rate in row["conditions"].items() if key.startswith(f"{name}/")]
            means.append(f"{100 * sum(rates) / len(rates):.1f}")
        rows.append([model_of(row), f"{100 * row['clean']:.1f}", f"{100 * row['summary']:.1f}", *means])
    table = markdown(["mean over strengths, accuracy %", "untouched", "all corruptions", *names], rows)
    return table + f"\n{record['dataset']}/{record['split']}, {record['n']:,} faces.\n"


TABLES: dict[str, Callable[[], str]] = {
    "explain_check": explain_check,
    "face_share": face_share,
    "parts": parts,
    "probe_pose": lambda: conditions("pose"),
    "probe_occlusion": lambda: conditions("occlusion"),
    "probe_framing": lambda: conditions("framing"),
    "probe_corruptions": probe_corruptions,
}
