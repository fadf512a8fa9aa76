"""The peer in another process: ``fer``, asked frame by frame, so that it takes turns with mien.

Its packages clash with those of a lean installation, and it sets up logging and caches for the whole process; therefore
it never runs in ours. It times itself, so that messages cost it nothing.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from mien.errors import ConfigError
from mien.types import UInt8

SCRIPT = Path(__file__).parent / "fer_process.py"


class FerProcess:
    """``fer`` in an interpreter of its own; a context manager.

    Args:
        python: Interpreter whose packages hold ``fer``; None is the one that runs mien.

    Raises:
        ConfigError: there is no such interpreter, or ``fer`` does not start in it.
    """

    def __init__(self, frames: Mapping[str, UInt8], python: Path | None = None) -> None:
        command = [str(python or sys.executable), "-W", "ignore", str(SCRIPT)]
        try:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        except OSError as error:
            raise ConfigError(f"{command[0]}: cannot be started ({error.strerror}). Expected a Python interpreter.") from error
        self._process = process
        self._requests, self._answers = cast("IO[str]", process.stdin), cast("IO[str]", process.stdout)
        self._name = command[0]
        try:
            started = self._read()
            self.packages: dict[str, str] = started["packages"]
            self.python: str = started["python"]
            with tempfile.TemporaryDirectory() as folder:
                for name, image in frames.items():
                    np.save(Path(folder) / f"{name}.npy", image)
                self._ask({"frames": folder})
        except BaseException:
            self.close()
            raise

    def time_frame(self, name: str) -> dict[str, float]:
        """Return the milliseconds of ``detect``, ``classify`` (cutting included), ``draw`` and ``total``, and ``num_found``."""
        return self._ask({"frame": name})

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> "FerProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, request: dict[str, str]) -> dict[str, Any]:
        with suppress(BrokenPipeError):  # its last words say why
            self._requests.write(json.dumps(request) + "\n")
            self._requests.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        line = self._answers.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": "the process ended"}
        if "error" in answer:
            raise ConfigError(f"fer does not run in {self._name} ({answer['error']}). Name an interpreter that has it: --peer-python PATH.")
        return answer
