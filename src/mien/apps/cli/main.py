"""``mien``: the command line. One file per command; this one joins them and turns errors into exit codes.

Exit status: 0 done, 2 the user's mistake (one line says what, what was expected and how to mend it), 1 ours, 130 Ctrl-C.
"""

import errno
import importlib
import io
import logging
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import TyperException

from mien.errors import DataError, MienError

# OpenCV, FFmpeg and TensorFlow print their own lines about what mien reports itself; they read this when they load.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# In the order of the help. Each module has one function of the same name, or a Typer application called ``app``.
COMMANDS = (
    *("demo", "gui", "web", "predict", "stream", "recover", "evaluate", "clips", "compare", "matrix", "report", "combine"),
    *("train", "tune", "reproduce", "export", "explain", "benchmark", "models", "detectors", "datasets", "crop", "split", "recipes"),
)

INTERRUPTED = 130
MAX_PROBLEMS = 50
"""Problems of a data set that are listed; its loader knows them all."""

app = typer.Typer(
    name="mien",
    help="Real-time facial expression recognition.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from mien import __version__

        typer.echo(f"mien {__version__}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Real-time facial expression recognition: it names the expression a face shows, not the emotion behind it."""
    if debug:
        os.environ["MIEN_DEBUG"] = "1"
        logging.getLogger("mien").setLevel(logging.DEBUG)


for _name in COMMANDS:
    _module = importlib.import_module(f"mien.apps.cli.{_name}")
    if hasattr(_module, "app"):
        app.add_typer(_module.app, name=_name)
    else:
        app.command(_name)(getattr(_module, _name))


def main() -> None:
    """Run the command line and exit with its status."""
    _prepare_output()
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns of building several networks in one process
    # A service that is stopped ends as if by Ctrl-C: results until then are written.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(_run())


def _prepare_output() -> None:
    """Make standard output and error take every name of a file, also where the terminal's encoding lacks its characters."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - open as long as we run
        elif isinstance(getattr(sys, name), io.TextIOWrapper):
            getattr(sys, name).reconfigure(errors="backslashreplace")


def _run() -> int:  # noqa: PLR0911 - one return per way to end
    """Run the command and return the exit status."""
    try:
        status = app(sys.argv[1:] or ["--help"], standalone_mode=False)
        sys.stdout.flush()
    except MienError as error:
        return _report(str(error), 2, error.problems if isinstance(error, DataError) else ())
    except TyperException as error:
        return _report(f"{error.format_message()} {_way_out()}", 2)
    except (KeyboardInterrupt, typer.Abort):
        return _report("Interrupted.", INTERRUPTED)
    except BrokenPipeError:
        return _leave_pipe()
    except SystemExit as end:
        # Typer answers a broken pipe with status 1 of its own.
        is_broken_pipe = isinstance(end.__context__, OSError) and end.__context__.errno == errno.EPIPE
        return _leave_pipe() if is_broken_pipe else int(end.code or 0)
    except Exception as error:
        if (theirs := _fault_of_the_place(error)) is not None:
            return _report(theirs, 2)
        if os.environ.get("MIEN_DEBUG") == "1":
            raise
        return _report(f"Internal error: {type(error).__name__}: {error}. Please report it, with what `mien --debug` shows.", 1)
    if status == INTERRUPTED:  # Typer turns Ctrl-C into a status
        return _report("Interrupted.", INTERRUPTED)
    return status if isinstance(status, int) else 0


def _way_out() -> str:
    """Say what to try after a line that is no command."""
    if len(sys.argv) > 1 and os.path.isfile(sys.argv[1]):  # noqa: PTH113 - Path.is_file raises for a name that is too long
        return f"`mien predict {sys.argv[1]}` reads pictures, `mien stream {sys.argv[1]}` videos."
    return "`mien -h` and `mien COMMAND -h` say what is possible."


def _fault_of_the_place(error: Exception) -> str | None:
    """Return what to tell where a file may not be touched or standard output is full; None for everything else."""
    if isinstance(error, PermissionError):
        return f"{error.filename or error}: permission denied. Choose another place, or change its rights."
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        _leave_pipe()
        return f"{error.filename or 'Standard output'}: cannot be written, no space is left."
    return None


def _leave_pipe() -> int:
    """The reader of our output left, as `| head` does: no error, and Python must not find out again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _report(message: str, status: int, problems: Sequence[str] = ()) -> int:
    """Print one line on standard error, with the traceback where it is wanted, and return the status.

    Args:
        problems: All that is wrong with a data set; more than one are listed below the line.
    """
    if os.environ.get("MIEN_DEBUG") == "1" and sys.exc_info()[0] is not None:
        traceback.print_exc()
    typer.echo(f"mien: {' '.join(message.split())}", err=True)
    if len(problems) > 1:
        for problem in problems[:MAX_PROBLEMS]:
            typer.echo(f"  {' '.join(problem.split())}", err=True)
        if len(problems) > MAX_PROBLEMS:
            typer.echo(f"  ... and {len(problems) - MAX_PROBLEMS:,} more", err=True)
    return status
