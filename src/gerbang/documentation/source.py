"""Where the Markdown pages are: beside the package in a wheel, in the folders of a checkout."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

PROJECT_PAGES: Final = {
    "README.md": "readme",
    "README.id.md": "readme.id",
    "CHANGELOG.md": "changelog",
    "CONTRIBUTING.md": "contributing",
    "SECURITY.md": "security",
    "STYLE.md": "style",
}
"""Pages at the top of the repository, and their slugs."""


class Library:
    """Every page as it is stored: slug → file, and the way back for links between files."""

    def __init__(self, package: Path, checkout: Path) -> None:
        """Look in the wheel's `packed` folder, else in the checkout."""
        packed = package / "documentation" / "packed"
        top = packed if packed.is_dir() else checkout
        self.images: Path = top / "docs" / "images"
        self._files: dict[str, Path] = {}
        self._slugs: dict[str, str] = {}
        for path in sorted((top / "docs").rglob("*.md")):
            inside = path.relative_to(top / "docs").with_suffix("").as_posix()
            self._add(_slug_of(inside), path, f"docs/{inside}.md")
        for name, slug in PROJECT_PAGES.items():
            if (top / name).is_file():
                self._add(slug, top / name, name)
        for path in sorted((package / "dialects").glob("*/NOTES.md")):
            dialect = path.parent.name
            self._add(f"dialects/{dialect}-notes", path, f"src/gerbang/dialects/{dialect}/NOTES.md")

    def _add(self, slug: str, path: Path, repository_path: str) -> None:
        self._files[slug] = path
        self._slugs[repository_path] = slug

    @property
    def slugs(self) -> list[str]:
        """Every page's slug; an Indonesian page ends in ``.id``."""
        return list(self._files)

    def read(self, slug: str) -> str | None:
        """Give a page's Markdown."""
        path = self._files.get(slug)
        return path.read_text() if path is not None else None

    def slug_at(self, repository_path: str) -> str | None:
        """Give the slug of the page stored at a path of the repository."""
        return self._slugs.get(repository_path)

    def path_of(self, slug: str) -> str:
        """Give the path in the repository of a page."""
        return next(path for path, known in self._slugs.items() if known == slug)


def _slug_of(inside: str) -> str:
    """`README` is the index; `README.id` its Indonesian twin."""
    name, dot, language = inside.partition(".")
    return f"{'index' if name == 'README' else name}{dot}{language}"


@cache
def library() -> Library:
    """Give the installation's pages."""
    package = Path(str(files("gerbang")))
    return Library(package, package.parents[1])
