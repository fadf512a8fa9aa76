"""Measurements of load: what is counted is checked by hand, what is timed is checked for form alone."""

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import SHARED
from mien import records
from mien.benchmark import framing
from mien.benchmark import load as load_module
from mien.benchmark.candidates import Candidate, open_candidate
from mien.benchmark.complexity import count_file
from mien.benchmark.device import draw_pictures, measure_device
from mien.benchmark.latency import measure_latency
from mien.benchmark.pareto import draw_pareto, is_best, point, points_of_records
from mien.benchmark.statistics import compare_times
from mien.card import open_bundle, shipped_bundles
from mien.data.manifest import Manifest, Sample
from mien.errors import ConfigError, MienError, ModelFileError, OutputError, UnknownNameError
from mien.evaluation.open import open_classifier
from mien.evaluation.peers import PEERS
from mien.export.onnx import write_onnx
from mien.labels import FER7
from mien.models.catalog import MODELS
from mien.preprocess import PreprocessSpec, Square, cut
from mien.records import append_record, read_records
from mien.timing import interleave, summarize_ms
from mien.types import UInt8

Run = Callable[..., tuple[int, str, str]]


def say_nothing(line: str) -> None:
    return None


@pytest.fixture(scope="session")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("networks")


@pytest.fixture
def mien_s(networks: Path) -> Candidate:
    return open_candidate("mien_s", networks, say_nothing)


def test_all_candidates_run_once_a_round_in_changing_order() -> None:
    calls: list[str] = []
    times = interleave({name: lambda name=name: calls.append(name) for name in "abc"}, num_runs=20, warm_up=2)
    rounds = ["".join(calls[start : start + 3]) for start in range(0, len(calls), 3)]
    assert len(rounds) == 22
    assert all(sorted(turn) == ["a", "b", "c"] for turn in rounds)
    assert len(set(rounds)) > 2
    assert {name: len(values) for name, values in times.items()} == {"a": 20, "b": 20, "c": 20}


def test_times_are_summarised() -> None:
    summary = summarize_ms([1.0, 2.0, 3.0, 10.0])
    assert summary["median_ms"] == 2.5
    assert summary["mean_ms"] == 4.0
    assert summary["sd_ms"] == pytest.approx(np.std([1, 2, 3, 10], ddof=1))


def test_counts_of_the_papers(networks: Path) -> None:
    counted = {name: count_file(open_candidate(name, networks, say_nothing)) for name in ("mini784k", "mien_s:int8")}
    assert counted["mini784k"]["macs"] == 82_773_376  # 003: 82.8 M
    assert counted["mini784k"]["flops"] == 2 * counted["mini784k"]["macs"]
    assert counted["mien_s:int8"]["is_integer"]
    assert counted["mien_s:int8"]["macs"] == 107_662_208


@pytest.mark.slow
def test_flops_of_clcm_are_those_of_its_paper(networks: Path) -> None:
    counted = count_file(open_candidate("clcm", networks, say_nothing))
    assert counted["flops"] / 1e9 == pytest.approx(0.5994, rel=0.001)


def test_peak_memory_of_activations_is_the_largest_sum_alive(mien_s: Candidate) -> None:
    # The first block of the first stage: its input, its convolution's result and the shortcut's, 24 x 24 x 48 float32 each.
    assert count_file(mien_s)["peak_activation_bytes"] == 3 * 24 * 24 * 48 * 4


def test_latency_has_a_row_per_candidate_with_its_samples(networks: Path) -> None:
    names = ["mien_s:float32", "mien_s:int8", "mini784k"]
    result = measure_latency([open_candidate(name, networks, say_nothing) for name in names], num_runs=5, batch=2)
    assert [row["candidate"] for row in result["rows"]] == ["mien_s:float32", "mien_s:int8", "mini784k:float32"]
    assert [row["weights"] for row in result["rows"]] == ["trained", "trained", "random"]
    for row in result["rows"]:
        assert len(row["samples_ms"]) == 5
        assert row["median_ms"] == pytest.approx(np.median(row["samples_ms"]), abs=1e-3)
        assert row["load_ms"] > 0
        assert row["first_ms"] > 0
    assert result["rows"][0]["times_reference"] == 1


def test_the_device_protocol_reads_35_pictures_in_a_process_of_its_own(mien_s: Candidate) -> None:
    pictures, source = draw_pictures(None)
    assert len(pictures) == 35
    assert source == "noise, seed 0"
    result = measure_device(mien_s, pictures, repeats=3)
    assert len(result["runs"]) == 3
    assert all(len(run["times_ms"]) == 35 for run in result["runs"])
    # The weights alone are 3.8 MB, and the child holds them.
    assert result["peak_resident_mb"]["mean"] > 3
    assert result["baseline_mb"]["resident"] > result["baseline_mb"]["private"] > 5
    assert result["average_ms"]["mean"] == pytest.approx(np.mean([run["times_ms"] for run in result["runs"]]))
    assert result["peak_cpu_percent_of_core"]["mean"] > result["peak_cpu_percent_of_machine"]["mean"] > 0


def test_pictures_are_five_of_each_label(fer2013_folder: Path, any_counts: None) -> None:
    from mien.data.catalog import load_dataset

    manifest = load_dataset("fer2013", fer2013_folder)
    pictures, source = draw_pictures(manifest.split("publictest"), seed=1)
    assert len(pictures) == 35
    assert source == "fer2013/publictest, seed 1"


def test_a_child_that_cannot_run_is_told(mien_s: Candidate, tmp_path: Path) -> None:
    from dataclasses import replace

    path = tmp_path / "no.tflite"
    path.write_bytes(b"none")
    with pytest.raises(ModelFileError, match=r"no\.tflite: the measuring process ended .*not a LiteRT model"):
        measure_device(replace(mien_s, path=path), draw_pictures(None)[0], repeats=1)


def test_statistics_find_a_difference_and_say_when_there_is_none() -> None:
    rng = np.random.default_rng(0)
    times = {"slow": rng.normal(63.3, 6.2, 50), "quick": rng.normal(50.2, 2.0, 50), "same": rng.normal(50.2, 2.0, 50)}
    result = compare_times(times)
    assert result["anova"]["p"] < 1e-6
    assert result["friedman"]["p"] < 1e-6
    pairs = {(pair["first"], pair["second"]): pair for pair in result["pairs"]}
    assert "slow is slower than quick" in pairs["slow", "quick"]["verdict"]
    assert "both tests" in pairs["slow", "quick"]["verdict"]
    assert pairs["quick", "same"]["verdict"] == "no significant difference between quick and same"
    low, high = pairs["slow", "quick"]["interval_ms"]
    assert low < pairs["slow", "quick"]["mean_difference_ms"] < high


def test_a_few_slow_runs_do_not_turn_the_verdict_round() -> None:
    """Tukey's test is about means, which stalls move; the median stays."""
    rng = np.random.default_rng(0)
    stalled = rng.normal(1.0, 0.01, 50)
    stalled[:12] += 2.0
    (pair,) = compare_times({"a": stalled, "b": rng.normal(1.2, 0.01, 50)})["pairs"]
    assert pair["mean_difference_ms"] > 0 > pair["median_difference_ms"]
    assert pair["wilcoxon_p"] > 0.05
    assert "a is slower than b by 0.28" in pair["verdict"]
    assert "(mean), significant by Tukey's test alone" in pair["verdict"]


def test_statistics_of_001_are_significant_with_its_own_figures() -> None:
    rng = np.random.default_rng(1)
    means = {"MobileNetV2": (58.4, 3.5), "CLCM": (50.2, 2.0), "ShuffleNetV2": (63.3, 6.2)}
    result = compare_times({name: rng.normal(*values, 50) for name, values in means.items()})
    assert all(pair["tukey_p"] < 0.05 for pair in result["pairs"])


@pytest.mark.parametrize("times", [{"a": [1.0] * 10}, {"a": [1.0, 2.0], "b": [1.0, 2.0]}])
def test_too_little_for_statistics_is_told(times: dict[str, list[float]]) -> None:
    with pytest.raises(ConfigError, match="two candidates and eight rounds"):
        compare_times(times)


def test_the_front_holds_what_nothing_else_beats() -> None:
    points = [
        point("good", 0.7, "s", 2.0, 4_000_000, 100),
        point("quick", 0.65, "s", 0.5, 4_000_000, 10),
        point("worse", 0.64, "s", 0.6, 4_000_000, 10),
        point("other split", 0.9, "t", 0.1, 1, 1),
    ]
    assert is_best(points, "median_ms") == [True, True, False, True]
    assert draw_pareto(points, "s").startswith(b"\x89PNG")


def test_records_of_papers_join_the_picture() -> None:
    worth = {
        "dataset": "fer2013",
        "split": "privatetest",
        "rows": [{"candidate": "a", "accuracy": 0.7, "median_ms": 1.0, "bytes": 10, "macs": 5, "weights": "trained"}],
    }
    load = {"network": "cnn5", "macs": 7, "rows": [{"file": "float32", "bytes": 20, "latency": {"median_ms": 3.0}}]}
    kept = {"system": "004", "row": "r", "recipe": "cnn5-fer2013", "changes": [], "budget": "full", "split": "test"}
    kept |= {"dataset": "fer2013", "labels": list("abcdefg")}
    good = kept | {"accuracy": 0.6, "leaks": False}
    reproduced = [good, good | {"budget": "smoke"}, good | {"leaks": True}, good | {"labels": list("abcde")}]
    points = points_of_records([worth], reproduced, [load])
    assert [one["name"] for one in points] == ["a", "004 r"]
    assert points[1]["median_ms"] == 3.0


def test_peers_are_known_by_their_hash(networks: Path) -> None:
    folder = SHARED / "peers"
    if not folder.is_dir():
        pytest.skip(f"needs the peers' files in {folder}")
    opened = [open_candidate(str(path), networks, say_nothing) for path in sorted(folder.glob("*.onnx"))]
    assert {one.name for one in opened} == {peer.name for peer in PEERS}
    assert all(len(one.labels) == 7 and one.weights == "foreign" for one in opened)
    result = measure_latency(opened, num_runs=2)
    assert len(result["rows"]) == 3


def make_onnx(path: Path, shape: list[int | str]) -> Path:
    import onnx
    from onnx import TensorProto, helper

    node = helper.make_node("Identity", ["x"], ["y"])
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("x", "y")]
    graph = helper.make_graph([node], "g", values[:1], values[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    return path


@pytest.mark.parametrize(
    ("name", "content", "error", "said"),
    [
        ("mien_z", None, UnknownNameError, "Did you mean 'mien_s'"),
        ("mien_s:int4", None, UnknownNameError, "Did you mean 'int8'"),
        ("none.onnx", None, ModelFileError, "cannot be read"),
        ("empty.onnx", b"", ModelFileError, "cannot load this model"),
        ("text.onnx", b"hello", ModelFileError, "cannot load this model"),
        ("text.tflite", b"hello", ModelFileError, "not a LiteRT model"),
        ("flat.onnx", [1, 100], ModelFileError, "Expected one float32 picture"),
        ("planes.onnx", [1, 3, 48, 48], ModelFileError, "Expected one float32 picture"),
        ("oblong.onnx", [1, 48, 40, 3], ModelFileError, "Expected one square picture"),
    ],
)
def test_what_cannot_be_measured_is_told(
    tmp_path: Path, networks: Path, name: str, content: Any, error: type[MienError], said: str
) -> None:
    if isinstance(content, bytes):
        (tmp_path / name).write_bytes(content)
    elif content is not None:
        make_onnx(tmp_path / name, content)
    with pytest.raises(error, match=said):
        open_candidate(str(tmp_path / name) if "." in name else name, networks, say_nothing)


def test_a_corrupted_bundle_is_told(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    shutil.copytree(shipped_bundles()["mien_s"], target)
    (target / "int8.tflite").write_bytes(b"\0" * 100)
    status, _, err = run("benchmark", "latency", f"{target}:int8", "--runs", 2)
    assert status == 2
    assert "damaged or from another bundle" in err


def fake_load(name: str, *_: object) -> dict[str, Any]:
    if name == "cnn5":
        raise ModelFileError("cnn5: int8.tflite differs")
    if name == "clcm":
        raise KeyboardInterrupt
    counts = {"parameters": MODELS[name].parameters, "trainable": MODELS[name].trainable}
    rows = [{"file": "int8", "sha256": open_bundle("mien_s").card.files["int8"].sha256}] if name == "mien_s" else []
    return {"network": name, "protocol": _[1], **counts, "macs": 1, "rows": rows}


def test_finished_networks_are_kept_and_not_measured_again(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_module, "measure_load", fake_load)
    record = tmp_path / "load.jsonl"
    status, out, err = run("benchmark", "load", "mien_s", "cnn5", "mini784k", "--record", record, "--json")
    assert status == 2  # one failed
    assert "1 of 3 networks could not be measured" in err
    assert [one["network"] for one in read_records(record)] == ["mien_s", "mini784k"]
    assert json.loads(out)["failures"] == ["cnn5: cnn5: int8.tflite differs"]
    status, _, _ = run("benchmark", "load", "alexnet", "clcm", "mien_s", "--record", record)
    assert status == 130  # interrupted, and what was finished before is there
    status, out, _ = run("benchmark", "load", "mien_s", "mini784k", "alexnet", "--record", record, "--json")
    assert status == 0
    assert json.loads(out)["already_there"] == ["alexnet", "mien_s", "mini784k"]
    text = record.read_text()
    for old, new in ((open_bundle("mien_s").card.files["int8"].sha256, "0" * 64), ('"parameters": 790791', '"parameters": 1')):
        assert old in text
        text = text.replace(old, new)
    record.write_text(text)
    status, out, _ = run("benchmark", "load", "mien_s", "mini784k", "alexnet", "--record", record, "--json")
    assert json.loads(out)["already_there"] == ["alexnet"], "the others are of files or networks that are no more"
    status, out, _ = run("benchmark", "load", "mien_s", "--record", record, "--again", "--json")
    assert [row["network"] for row in json.loads(out)["rows"]] == ["mien_s"]
    status, _, err = run("benchmark", "load", "mini785k")
    assert status == 2
    assert "Did you mean 'mini784k'" in err


def test_a_record_that_was_cut_off_is_no_record_and_the_next_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    append_record(path, "first", {"value": 1})
    with path.open("a") as file:
        file.write('{"kind": "half')
    assert [record["kind"] for record in read_records(path)] == ["first"]
    append_record(path, "second", {"value": 2})
    assert [record["kind"] for record in read_records(path)] == ["first", "second"]


def test_a_record_without_its_line_end_is_kept_and_other_files_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    path.write_text('{"kind": "first"}')
    assert [record["kind"] for record in read_records(path)] == ["first"]
    append_record(path, "second", {})
    assert [record["kind"] for record in read_records(path)] == ["first", "second"]
    for content in (b"no record", b"no record\n", b"text\n\n", b"\xff\xd8\xff", b"[1]"):
        path.write_bytes(content)
        with pytest.raises(ConfigError, match="holds no records"):
            append_record(path, "third", {})
        assert path.read_bytes() == content
    for line in ("not json", "[1]"):
        path.write_text(f'{{"kind": "first"}}\n{line}\n')
        with pytest.raises(ConfigError, match="line 2: expected a JSON object"):
            read_records(path)


def test_a_place_for_records_is_checked_before_the_work(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "text.txt").write_text("hello\n")
    for place, said in (("file/r.jsonl", "cannot be written"), ("text.txt", "holds no records")):
        status, out, err = run("benchmark", "latency", "mien_xs:int8", "--runs", 2, "--record", place)
        assert (status, out, said in err) == (2, "", True), err
    assert (tmp_path / "text.txt").read_text() == "hello\n"
    records.check_place(tmp_path / "new" / "r.jsonl")
    assert not (tmp_path / "new" / "r.jsonl").exists()


def test_accuracy_beside_cost_is_what_evaluate_says(run: Run, fer2013_folder: Path, any_counts: None) -> None:
    options = ("--data", fer2013_folder, "--json")
    told = json.loads(run("benchmark", "accuracy", "mien_xs:float32", "mien_s_parts:int8", "--runs", 2, *options)[1])
    assert [row["barred_labels"] for row in told["rows"]] == [[], []]
    for row, (name, file) in zip(told["rows"], (("mien_xs", "float32"), ("mien_s_parts", "int8")), strict=True):
        measured = json.loads(run("evaluate", name, "--file", file, *options)[1])
        for key in ("accuracy", "ece", "macro_f1"):
            assert row[key] == pytest.approx(measured[key]), key
    assert told["data_sha256"]


def test_onnx_files_count_as_the_litert_file_they_come_from(mien_s: Candidate, tmp_path: Path) -> None:
    write_onnx(mien_s.path, tmp_path / "model.onnx")
    onnx = count_file(replace(mien_s, path=tmp_path / "model.onnx", runtime="onnx"))
    assert onnx["macs"] == count_file(mien_s)["macs"] > 0


@pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full")
def test_a_full_disk_is_told() -> None:
    with pytest.raises(OutputError, match="No space left"):
        records.append_record(Path("/dev/full"), "kind", {})


def test_commands_print_tables_and_objects(run: Run, tmp_path: Path) -> None:
    record = tmp_path / "r.jsonl"
    status, out, _ = run("benchmark", "latency", "--runs", 2, "--json", "--record", record)
    assert status == 0
    assert len(json.loads(out)["rows"]) == 2
    assert read_records(record)[0]["kind"] == "benchmark latency"
    status, out, err = run("benchmark", "device", "mien_s:int8", "--repeats", 1)
    assert status == 0
    assert "mien_s:int8" in out
    assert "above the baseline" in err
    status, out, _ = run("benchmark", "complexity")
    assert "107.66" in out
    own = shutil.copytree(shipped_bundles()["mien_xs"], tmp_path / "own" / "mien_s")  # a model of one's own, called like a shipped one
    card = json.loads((own / "card.json").read_text())
    (own / "card.json").write_text(json.dumps(card | {"name": "mien_s"}))
    status, out, err = run("benchmark", "complexity", "mien_s:int8", f"{own}:int8", "mien_s:int8", "--json")
    assert status == 0, err
    assert [row["candidate"] for row in json.loads(out)["rows"]] == ["mien_s:int8", f"{own}:int8"]
    status, out, _ = run("benchmark", "statistics", "mien_s:float32", "mien_s:int8", "--runs", 8)
    assert status == 0
    assert "mien_s:float32 - mien_s:int8" in out
    assert "ANOVA F" in out
    status, _, err = run("benchmark", "pareto", "--results", tmp_path)
    assert status == 2
    assert "no record of fer2013/privatetest to draw" in err


def test_framing_compares_what_is_found_with_what_was_pasted(
    astronaut: UInt8, grace_hopper: UInt8, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Portraits framed like FER2013, and one picture without a face; the cut is near the picture itself, so its figures are, too."""
    squares = [(astronaut, Square((224.0, 120.0), 130.0)), (grace_hopper, Square((258.0, 200.0), 230.0))]
    faces = [cut(picture, square, PreprocessSpec("gray", (48, 48), mean=(0.0,), std=(1.0,))) for picture, square in squares]
    pictures = [*faces, np.full((48, 48), 90, np.uint8)]
    samples = tuple(Sample(picture, label, "publictest", row) for row, (picture, label) in enumerate(zip(pictures, FER7, strict=False)))
    monkeypatch.setattr(framing, "load_dataset", lambda name, root: Manifest(name, FER7, samples))
    result = framing.measure_framing(open_classifier("mien_s", "int8"), Path(), ["haar"], 10, False, lambda done, total: None)
    assert (result["model"], result["file"], result["n"]) == ("mien_s", "int8", 3)
    row = result["rows"][0]
    assert row["found"] == 2
    assert row["loss"] == pytest.approx(row["direct_accuracy"] - row["accuracy"])
    assert 0 <= row["deviation"]["log_side"] < 0.4
    assert 0 <= row["deviation"]["shift"] < 0.2
    assert 2 < row["own_side_in_eye_distances"] < 4
