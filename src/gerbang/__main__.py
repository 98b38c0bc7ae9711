"""``python -m gerbang`` is the command ``gerbang``."""

from gerbang.cli.main import app

app()
