"""The tables of the page and the service: browsers that were measured, parity with Python, and what attacks did."""

from collections.abc import Callable
from typing import Any

from mien.benchmark.browser import browser_name
from mien.card import DEFAULT_BUNDLE
from mien.records import read_records
from record_tables import RESULTS, are_shipped, check_candidates, check_shipped, machine, markdown

NOT_YET = "Not measured yet.\n"


def records(file_name: str, **wanted: str) -> list[dict[str, Any]]:
    path = RESULTS / file_name
    found = read_records(path) if path.is_file() else []
    return [record for record in found if all(record.get(key) == value for key, value in wanted.items())]


def browsers() -> str:
    """The newest result of every device in results/browser.jsonl; those of older files are left out."""
    found = records("browser.jsonl")
    check_candidates("browser.jsonl", found[-1]["rows"] if found else [])
    newest = {(record["device"]["browser"], record["device"]["platform"]): record for record in found if are_shipped(record["rows"])}
    rows = [
        [
            browser_name(record["device"]),
            str(record["device"]["platform"]),
            str(record["device"]["threads"]),
            row["candidate"],
            f"{row['average_ms']['mean']:.2f} ± {row['average_ms']['sd']:.2f}",
            f"{row['p50_ms']:.2f}",
            f"{row['p95_ms']:.2f}",
            f"{row['load_ms']:.0f}",
        ]
        for record in newest.values()
        for row in record["rows"]
    ]
    return markdown(["browser", "platform", "cores", "file", "average ms", "p50", "p95", "load ms"], rows) if rows else NOT_YET


def page() -> str:
    """The newest record of scripts/drive_page."""
    if not (found := records("web.jsonl", kind="web page")):
        return NOT_YET
    record = found[-1]
    check_shipped("web.jsonl", DEFAULT_BUNDLE, record["files_sha256"])
    crops, png, here, there = (record[key] for key in ("identical_crops", "same_png", "live_on_device", "live_over_server"))
    rows = [
        [f"largest difference of a score, {crops['n']} identical crops, {file}", f"{crops[file]['max_abs']:.1e}"]
        for file in ("float32", "int8")
    ]
    rows += [[f"same label, {file}", f"{crops[file]['same_label']} of {crops['n']}"] for file in ("float32", "int8")]
    rows += [
        [f"largest difference of a score, from the same PNG, {png['faces']} faces, float32", f"{png['max_abs']:.1e}"],
        ["same label", f"{png['same_label']} of {png['faces']}"],
        ["largest difference of a box, pixels", f"{png['box_max_px']:.2f}"],
        ["live, on the device: frames/s of a 30 frames/s camera", f"{here['frames_per_second']:.1f}"],
        ["find and read one frame, median and p95, ms", f"{here['worker_median_ms']:.1f}, {here['worker_p95_ms']:.1f}"],
        ["live, over the server: frames/s", f"{there['frames_per_second']:.1f}"],
        ["requests to other hosts", str(len(record["requests_elsewhere"]))],
    ]
    return markdown(["measured", ""], rows) + f"\n{record['browser']}, software WebAssembly, {machine(record)}.\n"


def attacks() -> str:
    """The newest record of each attack of scripts/attack_web.py."""
    newest = {record["attack"]: record for record in records("web.jsonl", kind="web attack")}
    if not newest:
        return NOT_YET
    says: dict[str, Callable[[dict[str, Any]], str]] = {
        "schema": lambda one: f"schemathesis {one['schemathesis']}, {one['max_examples']} examples an operation: {one['summary']}",
        "malformed": lambda one: (
            f"{one['uploads']:,} malformed uploads of {one['kinds']} kinds: {one['outcomes']['refused']} refused with 4xx, "
            f"{one['outcomes']['read']} could still be decoded, {one['outcomes'].get('left early', 0)} left before the end; "
            f"memory +{one['growth_mb']:.1f} MB after the first 300, {len(one['left_files'])} files left"
        ),
        "load": lambda one: (
            f"{one['clients']} clients for {one['seconds']:.0f} s: {one['served_per_s']:.1f} pictures/s served, p50 "
            f"{one['served_ms']['p50']:,.0f}, p99 {one['served_ms']['p99']:,.0f} ms; "
            f"{one['statuses'].get('503', 0):,} answers 503 with Retry-After, no other error; at most {one['rss_mb']['peak']:.0f} MB"
        ),
        "shutdown": lambda one: (
            f"SIGTERM with {one['reading']} pictures being read and {one['uploading']} being sent: all answered, "
            f"exit status {one['exit_status']}"
        ),
    }
    rows = [[name, says[name](record), "yes" if record["passed"] else "**no**"] for name, record in newest.items() if name in says]
    return markdown(["attack", "what came of it", "passed"], rows)


TABLES: dict[str, Callable[[], str]] = {"web_browsers": browsers, "web_page": page, "web_attacks": attacks}
