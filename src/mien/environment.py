"""What a record must say about the machine and the code that produced it."""

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = (
    *("mien", "numpy", "opencv-python-headless", "pillow", "ai-edge-litert"),
    *("keras", "tensorflow-cpu", "tensorflow", "jax", "litert-quantizer", "onnxruntime"),
)
# Instructions that decide how fast networks run: x86's vectors and integer products, then ARM's.
_FLAGS = (
    *("avx", "avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8"),
    *("asimd", "asimddp", "i8mm", "sve", "sve2", "sme"),
)


def describe_environment() -> dict[str, object]:
    """Return versions, processor with its flags and governor, number of cores, backend and commit, as plain JSON values."""
    packages = {}
    for name in _PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "commit": commit(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": processor(),
        "processor_flags": processor_flags(),
        "governor": governor(),
        "num_cores": os.cpu_count(),
        "keras_backend": os.environ.get("KERAS_BACKEND", "tensorflow") if "keras" in sys.modules else None,
        "packages": packages,
    }


def commit() -> str:
    """Return the commit of the checkout mien runs from, with ``-dirty`` when its code differs; "unknown" outside git.

    Bundles are results and not code: one that is about to be replaced does not make the code another.
    """
    folder = Path(__file__).parent
    try:
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()
        # An installed copy inside some other project's checkout must not claim that project's commit.
        changed = subprocess.run(
            ["git", "status", "--porcelain", "--", ".", ":!bundles"], cwd=folder, capture_output=True, text=True, check=True
        ).stdout
        tracked = (
            subprocess.run(["git", "ls-files", "--error-unmatch", __file__], cwd=folder, capture_output=True, check=False).returncode == 0
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    if not tracked:
        return "unknown"
    return head + ("-dirty" if changed.strip() else "")


def processor() -> str:
    """Return the processor's name; Linux hides it from ``platform``."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def processor_flags() -> list[str]:
    """Return which instructions that matter to networks the processor has; empty where the system does not tell."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    found = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    present = set(found.partition(":")[2].split())
    return [flag for flag in _FLAGS if flag in present]


def governor() -> str | None:
    """Return how the system sets the first core's frequency, such as ``performance``; None where it does not tell."""
    try:
        return Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").read_text(encoding="utf-8").strip()
    except OSError:
        return None
