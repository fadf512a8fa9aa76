"""The tables of what networks cost: all of them, the papers' tables with ours beside, and accuracy against cost."""

from collections.abc import Callable
from typing import Any

from mien.models.catalog import MODELS
from mien.records import read_records
from record_tables import RESULTS, check_candidates, check_shipped, lacks_vnni, machine, markdown

PHONE = {  # tables VI and VII of paper 000: accuracy, million parameters, ms, peak processor %, peak MB
    "mobilenet_mlp": ("MobileNet", 0.588, 4.3, 323.04, 22, 36.09),
    "efficientnet_v2_b3_mlp": ("EfficientNetV2B3", 0.619, 14.5, 363.04, 21, 34.34),
    "resnet101_v2_mlp": ("ResNet101V2", 0.603, 44.7, 532.15, 21, 36.86),
}
PAPER_001 = {  # its table of complexity: trainable parameters, GFLOPs, seconds
    "clcm": (2_393_191, 0.5994, "0.0502 ± 0.0020"),
    "mobilenet_v2_topped": (3_511_879, 0.6016, "0.0584 ± 0.0035"),
    "shufflenet_v2_wide": (3_997_795, 0.9743, "0.0633 ± 0.0062"),
}


def loads() -> dict[str, dict[str, Any]]:
    """The newest load record of every network, all of networks as they are now."""
    found = {record["network"]: record for record in read_records(RESULTS / "load.jsonl")}
    for name, record in found.items():
        if (record["parameters"], record["trainable"]) != (MODELS[name].parameters, MODELS[name].trainable):
            raise SystemExit(f"results/load.jsonl: the record of {name} is of another network. Measure again.")
        check_shipped("load.jsonl", name, {row["file"]: row["sha256"] for row in record["rows"]})
    return found


def load() -> str:
    """One row per network and file."""
    found = loads()
    rows = []
    for name in MODELS:
        if name not in found:
            continue
        record = found[name]
        for row in record["rows"]:
            device = row["device"]
            rows.append(
                [
                    f"{name} †" if lacks_vnni(record) else name,
                    row["file"],
                    f"{record['parameters'] / 1e6:.2f} M",
                    f"{record['macs'] / 1e6:,.0f} M",
                    f"{row['bytes'] / 1e6:.2f}",
                    f"{row['latency']['median_ms']:.2f}",
                    f"{row['latency']['p95_ms']:.2f}",
                    f"{row['latency']['times_reference']:.2f}",
                    plus_minus(device["average_ms"]),
                    f"{device['peak_cpu_percent_of_core']['mean']:.0f}",
                    plus_minus(device["peak_resident_mb"], 1),
                    f"{row['peak_activation_bytes'] / 1e6:.2f}",
                    f"{row['parity_max_abs']:.1g}{'' if 'noise' not in row['parity_on'] else '*'}",
                ]
            )
    missing = [name for name in MODELS if name not in found and f"{name}_mlp" not in MODELS]
    note = f"Not run yet: {', '.join(missing)}. " if missing else ""
    if any(lacks_vnni(record) for record in found.values()):
        note += "† On a processor without AVX-512 and VNNI, where everything takes longer and int8 gains little: read `times mien_s`. "
    columns = [
        "network",
        "file",
        "parameters",
        "MACs",
        "MB",
        "ms",
        "p95",
        "times mien_s",
        "000's ms",
        "CPU, % of a core",
        "peak MB",
        "activations, MB",
    ]
    any_record = next(iter(found.values()))
    protocol = any_record["protocol"]
    return (
        markdown([*columns, "largest difference"], rows)
        + f"\n{note}{machine(any_record)}, {protocol['threads']} thread; pictures: {protocol['pictures']}. "
        "The largest difference of a score from the float network is on PublicTest's faces; * on pictures of noise, of random weights, "
        "where it says little.\n"
    )


def device() -> str:
    """Paper 000's tables VI and VII with ours beside them."""
    found = loads()
    rows = []
    for name, (title, accuracy, parameters, phone_ms, phone_cpu, phone_mb) in PHONE.items():
        if name not in found:
            continue
        ours = {row["file"]: row["device"] for row in found[name]["rows"]}
        rows.append(
            [
                title,
                f"{accuracy:.3f}",
                f"{parameters} M",
                f"{phone_ms}",
                *(plus_minus(ours[file]["average_ms"]) for file in ("float32", "int8")),
                f"{phone_cpu}",
                *(plus_minus(ours[file]["peak_cpu_percent_of_machine"], 0) for file in ("float32", "int8")),
                f"{phone_mb}",
                *(plus_minus(ours[file]["peak_resident_mb"], 1) for file in ("float32", "int8")),
                *(plus_minus(ours[file]["peak_private_mb"], 1) for file in ("float32", "int8")),
            ]
        )
    columns = [
        "network",
        "paper's accuracy",
        "paper's size",
        "ms, phone",
        "ms, float32",
        "ms, int8",
        "CPU %, phone",
        "CPU %, float32",
        "CPU %, int8",
    ]
    return markdown([*columns, "MB, phone", "MB, float32", "MB, int8", "private MB, float32", "private MB, int8"], rows)


def statistics() -> str:
    """The newest record of `mien benchmark statistics`."""
    record = read_records(RESULTS / "statistics.jsonl")[-1]
    tested = record["statistics"]
    rows = [
        [
            f"{pair['first']} - {pair['second']}",
            f"{pair['mean_difference_ms']:+.3f} ({pair['interval_ms'][0]:+.3f} to {pair['interval_ms'][1]:+.3f})",
            f"{pair['tukey_p']:.2g}",
            f"{pair['median_difference_ms']:+.3f}",
            f"{pair['wilcoxon_p']:.2g}",
            pair["verdict"],
        ]
        for pair in tested["pairs"]
    ]
    columns = ["pair", "mean difference, ms (95 % interval)", "p, Tukey", "median difference, ms", "p, Wilcoxon with Holm", "verdict"]
    normal = ", ".join(f"{name} {p:.1g}" for name, p in tested["normality"].items())
    friedman = tested["friedman"]
    note = (
        f"\n{machine(record)}, {record['threads']} thread, {tested['runs']} rounds. "
        f"ANOVA F = {tested['anova']['f']:.4g}, p = {tested['anova']['p']:.1g}; "
        f"Friedman chi2 = {friedman['chi2']:.4g}, p = {friedman['p']:.1g}; normality (Shapiro and Wilk's p): {normal}.\n"
    )
    return markdown(columns, rows) + note


def complexity() -> str:
    """001's table of complexity with ours beside it."""
    record = read_records(RESULTS / "statistics.jsonl")[-1]
    times = {row["candidate"].partition(":")[0]: row for row in record["rows"]}
    found = loads()
    rows = []
    for name, (trainable, gflops, seconds) in PAPER_001.items():
        row = next(row for row in found[name]["rows"] if row["file"] == "float32")
        ours = f"{times[name]['mean_ms'] / 1e3:.4f} ± {times[name]['sd_ms'] / 1e3:.4f}"
        counts = [f"{trainable:,}", f"{found[name]['trainable']:,}", f"{gflops}", f"{row['flops'] / 1e9:.4f}"]
        rows.append([name, *counts, seconds, ours, f"{row['peak_activation_bytes'] / 1e6:.2f}", f"{row['energy_proxy_uj'] / 1e3:.2f}"])
    columns = ["network", "trainable, paper", "ours", "GFLOPs, paper", "ours", "seconds, paper", "ours"]
    return markdown([*columns, "peak activations, MB", "energy proxy, mJ"], rows)


def formats() -> str:
    """All files of the shipped model, from the newest record of `mien benchmark accuracy` on them."""
    return accuracy_rows("formats.jsonl")


def accuracy() -> str:
    """The newest record of `mien benchmark accuracy` with peers."""
    return accuracy_rows("accuracy.jsonl")


def accuracy_rows(file_name: str) -> str:
    record = read_records(RESULTS / file_name)[-1]
    check_candidates(file_name, record["rows"])
    rows = [
        [
            row["candidate"],
            f"{100 * row['accuracy']:.2f} ({100 * row['accuracy_interval']['low']:.1f} to {100 * row['accuracy_interval']['high']:.1f})",
            f"{100 * row['macro_f1']:.1f}",
            f"{100 * row['ece']:.1f}",
            f"{row['bytes'] / 1e6:.2f}",
            f"{row['macs'] / 1e6:.1f} M",
            f"{row['median_ms']:.2f}",
            f"{row['p95_ms']:.2f}",
        ]
        for row in record["rows"]
    ]
    columns = ["file", "accuracy % (95 % interval)", "macro F1", "ECE %", "MB", "MACs", "ms", "p95"]
    where = f"{record['dataset']}/{record['split']}, {record['n']:,} faces, {record['crops']} crops, {record['label_source']} labels"
    return markdown(columns, rows) + f"\n{where}; {machine(record)}, {record['threads']} thread, {record['runs']} interleaved rounds.\n"


def plus_minus(value: dict[str, float], digits: int = 2) -> str:
    return f"{value['mean']:.{digits}f} ± {value['sd']:.{digits}f}"


TABLES: dict[str, Callable[[], str]] = {
    "load": load,
    "device": device,
    "statistics": statistics,
    "complexity": complexity,
    "formats": formats,
    "accuracy": accuracy,
}
