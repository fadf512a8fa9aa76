"""``python -m mien``."""

from mien.apps.cli.main import main

main()
