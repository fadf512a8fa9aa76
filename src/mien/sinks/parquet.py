"""Parquet (extra ``report``): a journal as text while results come, row groups when the sink closes.

Parquet is readable only once its footer is there, which comes last. So the rows go to a journal, a plain CSV file,
where each is safe at once; closing turns it into Parquet piece by piece, and so does ``mien recover`` after a crash.
"""

import csv as text_csv
from pathlib import Path
from typing import Any

from mien.atomic import atomic_path
from mien.errors import DataError, MissingExtraError
from mien.labels import LabelSet
from mien.sinks.base import Unfinished
from mien.sinks.text import CsvSink

JOURNAL_SUFFIX = ".journal"
ROWS_PER_GROUP = 50_000
_BLOCK_BYTES = 4 << 20
_KINDS = {"source": "string", "expression": "string", "uncertain": "bool", "frame": "int64", "face": "int64", "track_id": "int64"}


class ParquetSink(CsvSink):
    """The columns of the CSV, typed.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """

    suffix = JOURNAL_SUFFIX
    unknown_characters = "backslashreplace"  # Parquet's strings are UTF-8

    def __init__(self, path: Path, source: str, labels: LabelSet) -> None:
        need_pyarrow()
        super().__init__(path, source, labels)

    def finish(self, unfinished: Unfinished) -> None:
        """Write the table from the journal, and remove that."""
        convert_journal(unfinished.path, self._path)
        unfinished.remove()


def convert_journal(journal: Path, path: Path) -> int:
    """Write a journal as Parquet in row groups, memory bounded, and return the number of rows.

    A last line that was cut off in the middle is left out.

    Raises:
        DataError: it is not a journal.
        OutputError: the file cannot be written.
    """
    need_pyarrow()
    import pyarrow
    from pyarrow import csv, parquet

    names = _column_names(journal)
    schema = pyarrow.schema([(name, getattr(pyarrow, (_KINDS.get(name, "float64")).replace("bool", "bool_"))()) for name in names])
    convert = csv.ConvertOptions(column_types=schema, strings_can_be_null=True, null_values=[""])
    num_rows = 0
    try:
        with atomic_path(path) as temporary, parquet.ParquetWriter(temporary, schema) as writer, _whole_lines(journal) as whole:
            parse = csv.ParseOptions(newlines_in_values=True)  # names of files may hold them
            reader = csv.open_csv(whole, csv.ReadOptions(block_size=_BLOCK_BYTES), parse, convert)
            waiting: list[Any] = []
            for batch in reader:
                waiting.append(batch)
                num_rows += batch.num_rows
                if sum(one.num_rows for one in waiting) >= ROWS_PER_GROUP:
                    writer.write_table(pyarrow.Table.from_batches(waiting, schema))
                    waiting = []
            writer.write_table(pyarrow.Table.from_batches(waiting, schema))
    except pyarrow.ArrowInvalid as error:
        raise DataError(f"{journal}: not a journal of a table ({str(error).splitlines()[0]}).") from error
    return num_rows


def _column_names(journal: Path) -> list[str]:
    """Return the names in a journal's first row.

    Raises:
        DataError: it is not text.
    """
    try:
        with journal.open(encoding="utf-8", newline="") as lines:
            return next(text_csv.reader(lines), [])
    except (UnicodeDecodeError, text_csv.Error) as error:
        raise DataError(f"{journal}: not a journal of a table ({error}).") from error


def _whole_lines(journal: Path) -> Any:
    """Return a file of the journal's whole lines."""
    import pyarrow

    with journal.open("rb+") as file:
        file.truncate(end_of_last_line(journal))
    return pyarrow.OSFile(str(journal))


def end_of_last_line(path: Path) -> int:
    """Return the number of bytes up to the last line end of a file."""
    with path.open("rb") as file:
        end = file.seek(0, 2)
        while end > 0:
            start = max(0, end - 65536)
            file.seek(start)
            found = file.read(end - start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            end = start
    return 0


def need_pyarrow() -> None:
    """Raise MissingExtraError where Parquet cannot be written."""
    try:
        import pyarrow.parquet  # noqa: F401 - asked here, so that it is told before an hour of video
    except ModuleNotFoundError as error:
        raise MissingExtraError("Writing Parquet", "report") from error
