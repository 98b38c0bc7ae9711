"""A receipt as PDF, written by hand: one page, Courier, no images. CPU work, off the event loop.

Courier is one of the 14 fonts every reader has, so nothing is embedded; text is WinAnsi.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gerbang.bills.receipt import WIDTH, Receipt, receipt_lines

FONT_POINTS: Final = 9
LEADING_POINTS: Final = 12
MARGIN_POINTS: Final = 20
_ADVANCE: Final = 0.6
"""Width of every Courier letter, in font sizes."""
_HEADER: Final = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"


def receipt_pdf(receipt: Receipt) -> bytes:
    """Write the receipt as a PDF of one page, as long as the paper has to be."""
    lines = receipt_lines(receipt)
    width = round(WIDTH * FONT_POINTS * _ADVANCE) + 2 * MARGIN_POINTS
    height = len(lines) * LEADING_POINTS + 2 * MARGIN_POINTS
    content = _content(lines, height=height)
    title = _text(receipt.title)
    return _document(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            (
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] "
                "/Resources << /Font << /F1 5 0 R >> >> /Contents 4 0 R >>"
            ).encode(),
            b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>",
            b"<< /Title (%b) /Producer (Gerbang) >>" % title,
        ]
    )


def _content(lines: Sequence[str], *, height: int) -> bytes:
    top = height - MARGIN_POINTS - FONT_POINTS
    parts = [f"BT /F1 {FONT_POINTS} Tf {LEADING_POINTS} TL {MARGIN_POINTS} {top} Td".encode()]
    parts += [b"(%b) Tj T*" % _text(line) for line in lines]
    return b"\n".join([*parts, b"ET"])


def _text(text: str) -> bytes:
    raw = text.encode("cp1252", "replace")
    return raw.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _document(objects: Sequence[bytes]) -> bytes:
    """Number the objects, and write the table of where each begins."""
    body = bytearray(_HEADER)
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    start = len(body)
    count = len(objects) + 1
    body += b"xref\n0 %d\n0000000000 65535 f \n" % count
    body += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    body += b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\n" % (count, len(objects))
    body += b"startxref\n%d\n%%%%EOF\n" % start
    return bytes(body)
