"""Files that prove something: pictures and PDF by their first bytes, few, small, never changed."""

from __future__ import annotations

import pytest

from gerbang.errors import BadInputError
from gerbang.orders.evidence import FILE_BYTES_MAX, evidence_file

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
SAMPLES = {
    "image/png": PNG,
    "image/jpeg": b"\xff\xd8\xff\xe0" + bytes(20),
    "image/webp": b"RIFF\x10\x00\x00\x00WEBPVP8 ",
    "application/pdf": b"%PDF-1.7\n",
}


@pytest.mark.parametrize(("kind", "content"), SAMPLES.items())
def test_what_a_file_is_its_first_bytes_say(kind: str, content: bytes) -> None:
    assert evidence_file("page.html", content).type == kind


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html><script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b" %PDF-1.7",
        b"GIF89a",
        b"PK\x03\x04",
        PNG + bytes(FILE_BYTES_MAX),
    ],
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(BadInputError):
        evidence_file("bukti.png", content)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("bukti transfer (1).png", "bukti transfer (1).png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ani\\bukti.png", "bukti.png"),
        ('a"; filename="x.html', "a_ filename_x.html"),
        ("\r\nset-cookie: x", "_set-cookie_ x"),
        ("…", "_"),
        ("", "file"),
        ("x" * 300 + ".png", "x" * 96 + ".png"),
    ],
)
def test_a_name_is_safe_wherever_it_is_shown(name: str, kept: str) -> None:
    assert evidence_file(name, PNG).name == kept
