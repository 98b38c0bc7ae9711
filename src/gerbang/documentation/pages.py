"""The routes of ``/docs`` and ``llms.txt``. Public: nothing here knows a reseller."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from gerbang import __version__
from gerbang.clock import SystemClock
from gerbang.documentation import code_samples
from gerbang.documentation.render import Rendered, anchors_of, render, summary_of, title_of
from gerbang.documentation.search import Passage, find, passages, snippet, words_of
from gerbang.documentation.site import WORDS, sections
from gerbang.documentation.source import Library, library
from gerbang.documentation.twins import is_current
from gerbang.web import STATIC

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
SEARCH: Final = "search"
_PLACES: Final = {"index": ""}
_IMAGES: Final = "docs/images/"


class DocumentationSite:
    """Pages made once and kept; the program's files do not change while it runs."""

    def __init__(self, pages: Library | None = None) -> None:
        """Read the list of pages."""
        self._library = pages or library()
        self._templates = Environment(
            loader=PackageLoader("gerbang.documentation", "templates"),
            autoescape=select_autoescape(default=True),
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._sections = sections([*self._library.slugs, *code_samples.slugs()])
        self._titles: dict[str, dict[str, str]] = {
            language: self._titles_in(language) for language in WORDS
        }
        translated = {slug.removesuffix(".id") for slug in self._library.slugs if ".id" in slug}
        self._english = frozenset(self._library.slugs) - translated
        """Pages that there are in English only."""
        self._made: dict[tuple[str, str], str] = {}
        self._passages: dict[str, list[Passage]] = {}

    # --- pages ------------------------------------------------------------------------------------

    def page(self, slug: str, language: str) -> str | None:
        """Give a page as HTML, in English where it is not translated."""
        stored = self._stored(slug, language)
        text = self._library.read(stored)
        if text is None:
            return None
        if (language, slug) not in self._made:
            rendered = render(text, lambda href: self.link(href, stored, language))
            self._made[language, slug] = self.show(
                slug,
                language,
                rendered=rendered,
                note=self._note(slug, stored, text, language),
                is_english=language != "en" and stored == slug,
                markdown=f"/docs/{stored}.md",
            )
        return self._made[language, slug]

    def show(self, slug: str, language: str, **values: Any) -> str:
        """Put a page into the site's frame."""
        values = {"note": "", "is_english": False, "markdown": "", "asked": ""} | values
        other = "id" if language == "en" else "en"
        return self._templates.get_template("page.html").render(
            slug=slug,
            language=language,
            words=WORDS[language],
            sections=self._sections,
            titles=self._titles[language],
            english=self._english if language == "id" else frozenset(),
            place=lambda name: self.place(name, language),
            other=self.place(slug, other),
            other_language=other,
            version=__version__,
            **values,
        )

    def samples_page(self, slug: str, language: str, text: str) -> str:
        """Show a page of samples, which are made for each reader anew."""
        return self.show(slug, language, rendered=render(text), markdown=f"/docs/{slug}.md")

    def search(self, query: str, language: str) -> str:
        """Show the sections that have all the words of a query."""
        if language not in self._passages:
            slugs = {slug.removesuffix(".id") for slug in self._library.slugs}
            texts = {slug: self._library.read(self._stored(slug, language)) for slug in slugs}
            self._passages[language] = [
                one for slug in sorted(slugs) for one in passages(slug, texts[slug] or "")
            ]
        words = words_of(query)
        found = [
            {
                "title": one.title,
                "heading": one.heading,
                "href": self.place(one.slug, language) + (f"#{one.anchor}" if one.anchor else ""),
                "snippet": snippet(one.text, words),
            }
            for one in find(self._passages[language], words)
        ]
        asked = " ".join(words)
        html = self._templates.get_template("search.html").render(
            words=WORDS[language], asked=asked, found=found
        )
        shown = Rendered(title=WORDS[language]["search"], html=html, headings=())
        return self.show(SEARCH, language, rendered=shown, asked=asked)

    def _note(self, slug: str, stored: str, text: str, language: str) -> str:
        """Say that a page is English only, or older than the English one."""
        if language == "en":
            return ""
        if stored == slug:
            return WORDS[language]["only_english"]
        named = slug.startswith("readme")  # its samples are held equal by a test of their own
        english = self._library.read(slug) or ""
        return "" if named or is_current(text, english) else WORDS[language]["older"]

    def _stored(self, slug: str, language: str) -> str:
        translated = f"{slug}.{language}"
        return translated if language != "en" and translated in self._library.slugs else slug

    def _titles_in(self, language: str) -> dict[str, str]:
        slugs = {slug.removesuffix(".id") for slug in self._library.slugs}
        texts = {slug: self._library.read(self._stored(slug, language)) or "" for slug in slugs}
        titles = {slug: title_of(text) or slug for slug, text in texts.items()}
        return titles | {slug: code_samples.title(slug, language) for slug in code_samples.slugs()}

    # --- addresses --------------------------------------------------------------------------------

    @staticmethod
    def place(slug: str, language: str) -> str:
        """Give the address of a page."""
        parts = ["/docs", *(["id"] if language == "id" else []), _PLACES.get(slug, slug)]
        return "/".join(part for part in parts if part)

    def link(self, href: str, stored: str, language: str) -> str | None:
        """Turn a link between files into one between pages; None where there is no page."""
        parts = urlsplit(href)
        if parts.scheme or parts.netloc or not parts.path:
            return href
        folder = posixpath.dirname(self._library.path_of(stored))
        aim = posixpath.normpath(posixpath.join(folder, parts.path))
        if aim.startswith(_IMAGES) and (self._library.images / aim[len(_IMAGES) :]).is_file():
            return f"/{aim}"
        slug = self._library.slug_at(aim)
        if slug is None:
            return None
        is_indonesian = slug.endswith(".id")
        place = self.place(slug.removesuffix(".id"), "id" if is_indonesian else language)
        fragment = self._anchor(slug, parts.fragment, language)
        return place + (f"#{fragment}" if fragment else "")

    def _anchor(self, slug: str, fragment: str, language: str) -> str:
        """Find an anchor's twin: a translation has the same headings in the same order."""
        shown = self._stored(slug, language)
        if not fragment or shown == slug:
            return fragment
        anchors = anchors_of(self._library.read(slug) or "")
        twins = anchors_of(self._library.read(shown) or "")
        return dict(zip(anchors, twins, strict=False)).get(fragment, fragment)

    # --- for machines -----------------------------------------------------------------------------

    def llms(self, base_url: str) -> str:
        """Write llms.txt: what this is, and every page with its first sentence."""
        lines = [
            "# Gerbang",
            "",
            (
                "> An open-source host-to-host gateway: resellers buy airtime, data, tokens and "
                "bills over the IsiKuota, SocX and OtomaX protocols, suppliers are reached "
                "over the same ones, merchants charge cards over NICEPAY's, a double-entry ledger "
                "keeps every rupiah. Unknown is a state."
            ),
            "",
            f"The management API describes itself: {base_url}/api/openapi.json",
            f"In Indonesian: {base_url}/docs/id, and a page's Markdown at its name with .id.md.",
        ]
        for section, slugs in self._sections.items():
            lines += ["", f"## {WORDS['en'][section]}", ""]
            for slug in slugs:
                text = self._library.read(slug)
                about = summary_of(text) if text else "every call in curl, PHP, Python and Node"
                title = self._titles["en"][slug]
                lines.append(f"- [{title}]({base_url}/docs/{slug}.md): {about}")
        return "\n".join(lines) + "\n"

    # --- routes -----------------------------------------------------------------------------------

    def routes(self) -> list[Route | Mount]:
        """Every route of the site."""
        return [
            Route("/llms.txt", self._llms),
            Route("/docs/llms.txt", self._llms),
            Mount("/docs/assets", StaticFiles(directory=STATIC / "docs")),
            Mount("/docs/images", StaticFiles(directory=self._library.images, check_dir=False)),
            Route("/docs", self._page),
            Route("/docs/{slug:path}", self._page),
        ]

    async def _page(self, request: Request) -> Response:
        path: str = request.path_params.get("slug", "")
        if path.endswith("/"):
            return RedirectResponse(f"/docs/{path.strip('/')}".rstrip("/"), headers=HEADERS)
        if path.endswith(".md"):
            return self._markdown(path.removesuffix(".md"), request)
        language, slug = _language_of(path)
        if slug in code_samples.slugs():
            text = _samples(slug, language, request)
            return HTMLResponse(self.samples_page(slug, language, text), headers=HEADERS)
        if slug == SEARCH:
            query = request.query_params.get("q", "")
            return HTMLResponse(self.search(query, language), headers=HEADERS)
        html = self.page(slug or "index", language)
        if html is not None:
            return HTMLResponse(html, headers=HEADERS)
        missing = self.show("index", language, rendered=_missing(WORDS[language]))
        return HTMLResponse(missing, 404, headers=HEADERS)

    def _markdown(self, slug: str, request: Request) -> Response:
        text = self._library.read(slug)
        if slug in code_samples.slugs():
            text = _samples(slug, "en", request)
        if text is None:
            return PlainTextResponse("no such page\n", 404, headers=HEADERS)
        return PlainTextResponse(text, media_type="text/markdown", headers=HEADERS)

    async def _llms(self, request: Request) -> Response:
        base_url = str(request.base_url).rstrip("/")
        return PlainTextResponse(self.llms(base_url), headers=HEADERS)


def _samples(slug: str, language: str, request: Request) -> str:
    base_url = str(request.base_url).rstrip("/")
    return code_samples.markdown(slug, language, base_url=base_url, now=SystemClock().now())


def _language_of(path: str) -> tuple[str, str]:
    first, _, rest = path.partition("/")
    return ("id", rest) if first == "id" else ("en", path)


def _missing(words: Mapping[str, str]) -> Rendered:
    return render(f"# {words['not_found']}\n\n{words['not_found_help']}\n")
