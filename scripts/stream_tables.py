"""The tables of streaming: the bars, following against detecting, and the risk-coverage curve."""

from collections.abc import Callable
from typing import Any

from mien.card import open_bundle
from mien.records import read_records
from record_tables import RESULTS, machine, markdown


def stream() -> str:
    """The newest record of every scenario of `mien benchmark stream`, against the bars of the design."""
    found = stream_records()
    rows: list[list[str]] = []
    for one in found["cost"]["rows"]:
        is_default = (one["detector"], one["file"]) == ("blazeface", "int8")
        bar = {"adaptive": "3 ms", "detect every frame": "5 ms"}[one["way"]] if is_default else "-"
        what = f"one face, 640x480, one thread, {one['detector']}, {one['file']}, {one['way']}: median (p95) per frame"
        rows.append([what, f"{one['median_ms']:.2f} ({one['p95_ms']:.2f}) ms", bar])
    for name, rate in found["crowd"]["frames_per_second"].items():
        rows.append([f"five faces, 1280x720 H.264 file, decoding included, {name}", f"{rate:.0f} fps", "60 fps" if "int8" in name else "-"])
    for kind in ("crossing", "occlusion", "crossing_unseen", "occlusion_unseen"):
        for way, seeds in found[kind]["ways"].items() if kind in found else ():
            switches = f"{sum(one['switches'] for one in seeds)} in {len(seeds)} clips"
            title = kind.replace("_unseen", " on other faces and seeds than parameters were chosen on")
            rows.append([f"identity switches, {title}, {way}", switches, "-" if "alone" in way else "0"])
    for way, seeds in found["replacement"]["ways"].items():
        shared = f"{sum(one['shared'] for one in seeds)} in {len(seeds)} clips"
        rows.append([f"identities that a newcomer takes over from who left, {way}", shared, "-" if "alone" in way else "0"])
    flicker = found["flicker"]["changes_per_s"]
    rows.append(["label changes per second on a steady face, unsmoothed", f"{flicker['unsmoothed']:.2f}", "-"])
    ratio = f"{flicker['unsmoothed'] / flicker['smoothed']:.0f} times fewer" if flicker["smoothed"] else "none"
    rows.append(["likewise, smoothed", f"{flicker['smoothed']:.2f}, {ratio}", "5 times fewer"])
    delay = found["delay"]
    rows.append(
        ["delay that smoothing adds to a true change: median (largest)", f"{delay['median_s']:.2f} ({delay['max_s']:.2f}) s", "0.3 s"]
    )
    slow = found["slow"]
    inference_ms = 1000 * slow["inference_median_s"]
    rows.append(
        [
            f"live source, recogniser slowed {slow['slowed_by']} times to {inference_ms:.0f} ms: age of the shown frame",
            f"{1000 * slow['age_median_s']:.0f} ms, over the bound in {slow['over_bound']} of {slow['num_shown']}",
            f"{1000 * slow['bound_median_s']:.0f} ms",
        ]
    )
    exact = "exact" if slow["drops_exact"] else "not exact"
    rows.append(["likewise, frames dropped", f"{slow['num_dropped']} of {slow['num_made']}, {exact}", "exact"])
    hour = found["hour"]
    rows.append([f"{hour['minutes']:.0f} minutes of video: memory above minute one", f"{hour['growth_mb']:.1f} MB", "5 MB"])
    first, last = (sum(part) / len(part) for part in (hour["memory_mb"][:10], hour["memory_mb"][-10:]))
    rows.append(["likewise, mean of the last ten minutes above that of the first ten", f"{last - first:+.1f} MB", "-"])
    missing = max(*hour["frames_missing"].values(), hour["jsonl_missing"])
    rows.append([f"likewise, frames missing in CSV, JSONL, Parquet of {hour['frames']:,}", str(missing), "0"])
    rows.append(["likewise, largest error of a time (uneven frame rate)", f"{1000 * hour['largest_time_error_s']:.3f} ms", "1 ms"])
    runs = found["kill"]["rows"]
    for suffix in (".csv", ".jsonl", ".parquet", ".mp4"):
        lost_s = max(run["lost_s"][suffix] for run in runs)
        rows.append([f"`kill -9`: lost at most of {suffix}, {len(runs)} runs", f"{lost_s:.2f} s", "plays" if suffix == ".mp4" else "1 s"])
    return markdown(["what", "measured", "bar"], rows) + f"\n{machine(found['cost'])}; 20 seeds, all counted.\n"


def following() -> str:
    """The newest record of following faces against detecting them in every frame."""
    record = stream_records()["following"]
    columns = ["frames detected", "crop displaced, eye distances", "same label", "right label", "right, detecting always"]
    shares = [record[name] for name in ("detected_share", "displacement", "same_label", "accuracy", "accuracy_always")]
    cells = [f"{shares[0]:.0%}", f"{shares[1]:.3f}", *(f"{share:.1%}" for share in shares[2:])]
    return markdown(["detector", *columns], [[record["detector"], *cells]])


def likeness() -> str:
    """The newest record of how like faces are to themselves and to others."""
    record = stream_records()["likeness"]
    limits = list(record["rows"][0]["below"])
    rows = [[one["pair"], *(f"{one['below'][limit]:.0%}" for limit in limits), f"{one['n']:,}"] for one in record["rows"]]
    return markdown(["a face and", *(f"less alike than {limit}" for limit in limits), "pairs"], rows)


def abstaining() -> str:
    """The newest record of the risk-coverage curve."""
    record = stream_records()["abstain"]
    rows = [[f"{p['coverage']:.0%}", f"{p['threshold']:.3f}", f"{100 * p['risk']:.1f}"] for p in record["points"]]
    threshold, coverage = record["card"]
    note = f"\nFER2013 PublicTest, {record['n']:,} faces, float32. The card's threshold is {threshold:.4f}: {coverage:.1%} reach it.\n"
    return markdown(["faces read", "least probability among them", "wrong %"], rows) + note


def stream_records() -> dict[str, dict[str, Any]]:
    """Return the newest record of every scenario, all of the shipped bundle's files."""
    found = {record["scenario"]: record for record in read_records(RESULTS / "stream.jsonl")}
    files = open_bundle().card.files
    for name, record in found.items():
        if any(files[file].sha256 != sha256 for file, sha256 in record["files_sha256"].items()):
            raise SystemExit(f"results/stream.jsonl: {name} is of other files than the shipped bundle. Measure again.")
    return found


TABLES: dict[str, Callable[[], str]] = {
    "stream": stream,
    "following": following,
    "likeness": likeness,
    "abstaining": abstaining,
}
