"""``mien``: the command line. One file per command; this one joins them and turns errors into exit codes.

Exit status: 0 done, 2 the user's mistake (one line says what, what was expected and how to mend it), 1 ours, 130 Ctrl-C.
"""

import importlib
import logging
import os
import sys
from typing import Annotated

import typer

from mien.errors import MienError

# In the order of the help. Each module has one function of the same name, or a Typer application called ``app``.
COMMANDS = ("demo", "predict", "stream", "evaluate", "train", "export", "benchmark", "models", "detectors", "datasets", "recipes")

app = typer.Typer(
    name="mien",
    help="Real-time facial expression recognition.",
    no_args_is_help=True,
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


for _name in COMMANDS:
    _module = importlib.import_module(f"mien.apps.cli.{_name}")
    if hasattr(_module, "app"):
        app.add_typer(_module.app, name=_name)
    else:
        app.command(_name)(getattr(_module, _name))


def main() -> None:
    """Run the command line and exit with its status."""
    # OpenCV and FFmpeg print their own lines about files that mien reports itself.
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    try:
        app()
    except MienError as error:
        _report(str(error))
        sys.exit(2)
    except KeyboardInterrupt:
        _report("Interrupted.")
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output left, as `| head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if os.environ.get("MIEN_DEBUG") == "1":
            raise
        _report(
            f"Internal error: {type(error).__name__}: {error}. Please report it with the output of the same command after `mien --debug`."
        )
        sys.exit(1)


def _report(message: str) -> None:
    if os.environ.get("MIEN_DEBUG") == "1":
        logging.getLogger("mien").error(message, exc_info=True)
    else:
        typer.echo(f"mien: {' '.join(message.split())}", err=True)
