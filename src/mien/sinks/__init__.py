"""Where results go: tables, annotated pictures and videos, a summary.

Each sink is a context manager with one verb, ``write``. A file appears under its own name when its sink closes; of a
stream also after Ctrl-C or an error, with every result written until then (``Writers``). While it is written it stands
beside that name as ``.mien-TOKEN-NAME``; after a crash, or where a table of pictures was interrupted and is not whole,
``mien recover NAME`` makes the file of it (``mien.sinks.recover``).
"""
