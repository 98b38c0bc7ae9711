"""What all HTTP of a node shares: the raw server, metrics, static files, and the kit of pages."""

from importlib.resources import files
from pathlib import Path
from typing import Final

STATIC: Final = Path(str(files("gerbang.web"))) / "static"
"""The folder of what pages load: scripts, styles, fonts; never from another host."""
