"""What candidates are worth on one split of a data set, beside what they cost."""

from collections.abc import Callable, Sequence
from typing import Any

from mien.benchmark.candidates import RANDOM, Candidate
from mien.benchmark.complexity import count_file
from mien.benchmark.latency import measure_latency
from mien.data.manifest import Manifest
from mien.errors import ConfigError
from mien.evaluation.evaluate import evaluate
from mien.preprocess import prepare
from mien.runtime.classifier import calibrate, run_each
from mien.types import Float, OnProgress, UInt8


def measure_accuracy(
    candidates: Sequence[Candidate], manifest: Manifest, split: str, num_runs: int, on_progress: OnProgress
) -> dict[str, Any]:
    """Return accuracy, with its 95 % interval, time, size and work of every candidate on one split, direct crops, one pass.

    Answers are among the split's labels; ``barred_labels`` names a candidate's others.

    Raises:
        ConfigError: a candidate's labels are not known, or its weights are random.
        ModelFileError: a file is no model.
    """
    for candidate in candidates:
        if not candidate.labels or candidate.weights == RANDOM:
            raise ConfigError(f"{candidate.name}: has no trained labels to be judged by. Name bundles, or the peers' files.")
    latency = measure_latency(candidates, num_runs)
    rows = []
    for number, (candidate, timed) in enumerate(zip(candidates, latency["rows"], strict=True)):
        metrics = evaluate(_classifier(candidate), candidate.labels, manifest).metrics
        counted = count_file(candidate)
        rows.append(
            timed
            | {"barred_labels": [label for label in candidate.labels if label not in manifest.labels]}
            | {key: metrics[key] for key in ("accuracy", "accuracy_interval", "macro_f1", "mean_recall", "ece")}
            | {key: counted[key] for key in ("values", "macs", "is_integer", "peak_activation_bytes", "energy_proxy_uj")}
        )
        on_progress(number + 1, len(candidates))
    return {
        "dataset": manifest.dataset,
        "split": split,
        "n": len(manifest),
        "crops": "direct",
        "label_source": manifest.label_source,
        "data_sha256": manifest.sha256,
        **{key: latency[key] for key in ("threads", "runs", "warm_up", "reference")},
        "rows": rows,
    }


def _classifier(candidate: Candidate) -> Callable[[Sequence[UInt8]], Float]:
    network = candidate.load()
    return lambda crops: calibrate(run_each(network, prepare(crops, candidate.preprocess)), candidate.temperature)
