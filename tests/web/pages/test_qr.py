"""QR codes: compared once, module by module, with another encoder and read back by a reader."""

from __future__ import annotations

import hashlib

import pytest
from defusedxml.ElementTree import fromstring

from gerbang.web.pages.qr import QUIET, TooLongForQrError, qr_grid, qr_svg

TEXT = "otpauth://totp/Gerbang%20DEMO:ani?secret=ABCDEFGHIJKLMNOPQRSTUVWX234567&issuer=Gerbang&x="
KNOWN = {
    17: (21, "af4a0dc16c0af712"),
    106: (37, "68ea6a4748591517"),
    192: (49, "699a92297d89532d"),
    271: (57, "023bc6ff62ca2ff0"),
}


@pytest.mark.parametrize(("length", "known"), KNOWN.items())
def test_every_module_is_where_another_encoder_put_it(length: int, known: tuple[int, str]) -> None:
    grid = qr_grid((TEXT * 6)[:length].encode())
    drawn = "".join("01"[dark] for row in grid for dark in row)
    assert (len(grid), hashlib.sha256(drawn.encode()).hexdigest()[:16]) == known


def test_the_drawing_has_the_same_modules_and_a_quiet_zone() -> None:
    grid = qr_grid(TEXT.encode())
    root = fromstring(qr_svg(TEXT, title='for "ani" & <you>'))
    assert root.get("aria-label") == 'for "ani" & <you>'
    side = len(grid) + 2 * QUIET
    assert root.get("viewBox") == f"0 0 {side} {side}"
    pieces = str(root[1].get("d")).split("z")[:-1]
    drawn = [[False] * len(grid) for _ in grid]
    for piece in pieces:
        x, y = (int(part) - QUIET for part in piece[1:].split("h")[0].split())
        for n in range(int(piece.split("h")[1].split("v")[0])):
            drawn[y][x + n] = True
    assert drawn == grid


def test_what_is_too_long_is_refused() -> None:
    assert len(qr_grid(b"x" * 271)) == 57
    with pytest.raises(TooLongForQrError):
        qr_grid(b"x" * 272)
