"""What the documentation's site has: sections, languages, words around the pages; pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

LANGUAGES: Final = ("en", "id")

SECTIONS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "start": ("index", "readme"),
        "connect": (
            "dialects/isikuota",
            "samples/isikuota",
            "dialects/socx",
            "samples/socx",
            "dialects/otomax",
            "samples/otomax",
            "card-integration",
            "samples/nicepay",
            "cards",
            "bills",
            "callbacks",
            "testing",
            "magic-numbers",
            "portal",
            "deposits",
        ),
        "operate": (
            "operations",
            "configuration",
            "cli",
            "console",
            "routing",
            "suppliers",
            "terms",
            "sandbox",
        ),
        "understand": (
            "orders",
            "ledger",
            "truth-tables",
            "dialects/isikuota-notes",
            "dialects/socx-notes",
            "dialects/otomax-notes",
            "dialects/nicepay-notes",
        ),
        "project": (
            "performance",
            "proof",
            "adding-a-dialect",
            "changelog",
            "contributing",
            "security",
            "style",
        ),
    }
)
"""Pages by section, in order; a page that no section names comes under *understand*."""

REST: Final = "understand"


def sections(slugs: Collection[str]) -> dict[str, list[str]]:
    """Give every section with those of its pages that exist; no page is left out."""
    there = {slug.removesuffix(".id") for slug in slugs}
    named = {slug for pages in SECTIONS.values() for slug in pages}
    found = {name: [slug for slug in pages if slug in there] for name, pages in SECTIONS.items()}
    found[REST] += sorted(there - named)
    return {name: pages for name, pages in found.items() if pages}


WORDS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "en": {
            "docs": "Documentation",
            "start": "Start",
            "connect": "Connect",
            "operate": "Operate",
            "understand": "Understand",
            "project": "Project",
            "samples": "Code samples",
            "on_this_page": "On this page",
            "menu": "Pages",
            "search": "Search",
            "search_help": "Type a word into the field beside this text, and press Enter.",
            "nothing_found": "No page has all of these words:",
            "api": "Management API",
            "copy": "Copy",
            "copied": "Copied",
            "skip": "Skip to content",
            "theme": "Light or dark",
            "source": "As Markdown",
            "only_english": "",
            "older": "",
            "not_found": "There is no such page",
            "not_found_help": "It may have moved. All pages are listed beside this text.",
            "first_page": "To the first page",
            "in_english": "",
            "other_language": "Bahasa Indonesia",
        },
        "id": {
            "docs": "Dokumentasi",
            "start": "Mulai",
            "connect": "Menghubungkan",
            "operate": "Menjalankan",
            "understand": "Memahami",
            "project": "Proyek",
            "samples": "Contoh kode",
            "on_this_page": "Di halaman ini",
            "menu": "Daftar halaman",
            "search": "Cari",
            "search_help": "Ketik kata di kolom di samping, lalu tekan Enter.",
            "nothing_found": "Tidak ada halaman yang memuat semua kata ini:",
            "api": "API manajemen",
            "copy": "Salin",
            "copied": "Tersalin",
            "skip": "Langsung ke isi",
            "theme": "Terang atau gelap",
            "source": "Sebagai Markdown",
            "only_english": "Halaman ini belum ada dalam bahasa Indonesia.",
            "older": "Terjemahan ini lebih lama daripada halaman bahasa Inggrisnya.",
            "not_found": "Halaman itu tidak ada",
            "not_found_help": "Mungkin sudah pindah. Semua halaman ada di daftar di samping.",
            "first_page": "Ke halaman pertama",
            "in_english": "dalam bahasa Inggris",
            "other_language": "English",
        },
    }
)
