"""Where results go: tables, annotated pictures and videos, a summary.

Each sink is a context manager with one verb, ``write``. A file appears under its own name when its sink closes, also
after Ctrl-C or an error, with every result written until then. While it is written it stands beside that name as
``.mien-TOKEN-NAME``; after a crash ``mien recover NAME`` makes the file of it (``mien.sinks.recover``).
"""
