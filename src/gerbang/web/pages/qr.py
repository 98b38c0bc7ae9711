"""QR codes as SVG, for what a phone's camera should read: ISO/IEC 18004, bytes, level L; pure.

Versions 1 to 10 hold 271 bytes, more than any address of a second factor needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Final

import msgspec

QUIET: Final = 4
"""Light modules around the symbol; the standard asks for so many."""
_LEVEL_L: Final = 0b01
_BYTES: Final = 0b0100
_LONG_COUNT_FROM: Final = 10
_VERSION_INFO_FROM: Final = 7

Grid = list[list[bool]]


class TooLongForQrError(ValueError):
    """More than version 10 holds."""


class _Version(msgspec.Struct, frozen=True):
    """One row of the standard's tables, for level L."""

    check: int
    """Error correction codewords of each block."""
    blocks: tuple[int, ...]
    """Data codewords of each block."""
    aligned: tuple[int, ...]
    """Where the centres of alignment patterns are."""


_VERSIONS: Final = (
    _Version(7, (19,), ()),
    _Version(10, (34,), (6, 18)),
    _Version(15, (55,), (6, 22)),
    _Version(20, (80,), (6, 26)),
    _Version(26, (108,), (6, 30)),
    _Version(18, (68, 68), (6, 34)),
    _Version(20, (78, 78), (6, 22, 38)),
    _Version(24, (97, 97), (6, 24, 42)),
    _Version(30, (116, 116), (6, 26, 46)),
    _Version(18, (68, 68, 69, 69), (6, 28, 50)),
)
_MASKS: Final[tuple[Callable[[int, int], bool], ...]] = (
    lambda y, x: (y + x) % 2 == 0,
    lambda y, _x: y % 2 == 0,
    lambda _y, x: x % 3 == 0,
    lambda y, x: (y + x) % 3 == 0,
    lambda y, x: (y // 2 + x // 3) % 2 == 0,
    lambda y, x: y * x % 2 + y * x % 3 == 0,
    lambda y, x: (y * x % 2 + y * x % 3) % 2 == 0,
    lambda y, x: ((y + x) % 2 + y * x % 3) % 2 == 0,
)


def qr_svg(text: str, *, title: str) -> str:
    """Draw a text; every dark run of a row is one piece of the path."""
    grid = qr_grid(text.encode())
    size = len(grid) + 2 * QUIET
    path = "".join(
        f"M{x + QUIET} {y + QUIET}h{length}v1h-{length}z" for y, x, length in _runs(grid)
    )
    return (
        f'<svg class="qr" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" '
        f'role="img" aria-label="{_escaped(title)}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{size}v{size}H0z"/><path fill="#000" d="{path}"/></svg>'
    )


def _runs(grid: Grid) -> Iterator[tuple[int, int, int]]:
    for y, row in enumerate(grid):
        start = None
        for x, dark in enumerate([*row, False]):
            if dark and start is None:
                start = x
            elif not dark and start is not None:
                yield y, start, x - start
                start = None


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def qr_grid(content: bytes) -> Grid:
    """Give the symbol, True where dark. Raises TooLongForQrError."""
    number = _version_for(len(content))
    version = _VERSIONS[number - 1]
    words = _interleaved(_data_words(content, number, version), version)
    grid, fixed = _patterns(number, version)
    free = list(_way(grid, fixed))
    bits = [word >> shift & 1 for word in words for shift in range(7, -1, -1)]
    candidates = []
    for mask in range(len(_MASKS)):
        drawn = [row[:] for row in grid]
        for index, (y, x) in enumerate(free):
            bit = bool(bits[index]) if index < len(bits) else False
            drawn[y][x] = bit != _MASKS[mask](y, x)
        _write_format(drawn, mask)
        candidates.append(drawn)
    return min(candidates, key=_penalty)


# --- the words ------------------------------------------------------------------------------------


def _version_for(length: int) -> int:
    for number, version in enumerate(_VERSIONS, start=1):
        head = 3 if number >= _LONG_COUNT_FROM else 2  # mode and count, in whole bytes
        if length + head <= sum(version.blocks):
            return number
    raise TooLongForQrError(length)


def _data_words(content: bytes, number: int, version: _Version) -> list[int]:
    """Mode, count, content, terminator, padding."""
    count_bits = 16 if number >= _LONG_COUNT_FROM else 8
    bits = f"{_BYTES:04b}{len(content):0{count_bits}b}" + "".join(f"{b:08b}" for b in content)
    room = sum(version.blocks) * 8
    bits += "0" * min(4, room - len(bits))
    bits += "0" * (-len(bits) % 8)
    words = [int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)]
    padding = (0xEC, 0x11)
    missing = sum(version.blocks) - len(words)
    return words + [padding[n % 2] for n in range(missing)]


def _interleaved(words: Sequence[int], version: _Version) -> list[int]:
    """Cut into blocks, add what corrects each, and deal them out in turn."""
    blocks, at = [], 0
    for size in version.blocks:
        blocks.append(list(words[at : at + size]))
        at += size
    checks = [_check_words(block, version.check) for block in blocks]
    dealt = [b[n] for n in range(max(version.blocks)) for b in blocks if n < len(b)]
    return dealt + [check[n] for n in range(version.check) for check in checks]


def _times(a: int, b: int) -> int:
    """Multiply in the field of 256 elements that the standard uses."""
    found = 0
    while b:
        if b & 1:
            found ^= a
        a = a << 1 ^ (0x11D if a & 0x80 else 0)
        b >>= 1
    return found


def _check_words(block: Sequence[int], count: int) -> list[int]:
    """Reed-Solomon: the remainder of the block by the generator polynomial."""
    generator, root = [1], 1
    for _ in range(count):
        shifted = [*generator, 0]
        for n, factor in enumerate(generator):
            shifted[n + 1] ^= _times(factor, root)
        generator, root = shifted, _times(root, 2)
    rest = [*block, *([0] * count)]
    for at in range(len(block)):
        lead = rest[at]
        for n, factor in enumerate(generator):
            rest[at + n] ^= _times(factor, lead)
    return rest[len(block) :]


# --- the picture ----------------------------------------------------------------------------------


class _Board:
    """A symbol while it is drawn: what is dark, and what is taken."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.grid: Grid = [[False] * size for _ in range(size)]
        self.fixed: Grid = [[False] * size for _ in range(size)]

    def put(self, y: int, x: int, *, dark: bool) -> None:
        if 0 <= y < self.size and 0 <= x < self.size:
            self.grid[y][x], self.fixed[y][x] = dark, True

    def rings(self, cy: int, cx: int, reach: int, light: frozenset[int]) -> None:
        """Draw squares around a centre; the rings named stay light."""
        for y in range(-reach, reach + 1):
            for x in range(-reach, reach + 1):
                self.put(cy + y, cx + x, dark=max(abs(y), abs(x)) not in light)


def _patterns(number: int, version: _Version) -> tuple[Grid, Grid]:
    """Draw what does not depend on the content, and say which modules are taken."""
    board = _Board(17 + 4 * number)
    size = board.size
    for n in range(size):
        board.put(6, n, dark=n % 2 == 0)
        board.put(n, 6, dark=n % 2 == 0)
    corners = {(6, 6), (6, size - 7), (size - 7, 6)}
    for cy, cx in ((3, 3), (3, size - 4), (size - 4, 3)):
        board.rings(cy, cx, 4, frozenset({2, 4}))
    for cy, cx in product(version.aligned, version.aligned):
        if (cy, cx) not in corners:
            board.rings(cy, cx, 2, frozenset({1}))
    for n in range(9):
        board.fixed[8][n] = board.fixed[n][8] = True
    for n in range(8):
        board.fixed[8][size - 1 - n] = board.fixed[size - 1 - n][8] = True
    board.put(size - 8, 8, dark=True)
    if number >= _VERSION_INFO_FROM:
        bits = number << 12 | _remainder(number, 0x1F25, 12)
        for n in range(18):
            for y, x in ((n // 3, size - 11 + n % 3), (size - 11 + n % 3, n // 3)):
                board.put(y, x, dark=bool(bits >> n & 1))
    return board.grid, board.fixed


def _remainder(value: int, divisor: int, bits: int) -> int:
    rest = value << bits
    while rest.bit_length() > bits:
        rest ^= divisor << rest.bit_length() - divisor.bit_length()
    return rest


def _way(grid: Grid, fixed: Grid) -> Iterator[tuple[int, int]]:
    """Give the free modules in the order of the content: two columns at a time, up and down."""
    size = len(grid)
    upwards = True
    for right in [*range(size - 1, 6, -2), 5, 3, 1]:
        for y in range(size - 1, -1, -1) if upwards else range(size):
            for x in (right, right - 1):
                if not fixed[y][x]:
                    yield y, x
        upwards = not upwards


def _write_format(grid: Grid, mask: int) -> None:
    """Write level and mask, twice."""
    size, value = len(grid), _LEVEL_L << 3 | mask
    bits = (value << 10 | _remainder(value, 0x537, 10)) ^ 0x5412
    dark = [bool(bits >> n & 1) for n in range(15)]
    for n in range(15):
        down = n if n < 6 else n + 1 if n < 8 else size - 15 + n  # noqa: PLR2004 (the standard's)
        grid[down][8] = dark[n]
        along = size - 1 - n if n < 8 else 15 - n if n < 9 else 14 - n  # noqa: PLR2004
        grid[8][along] = dark[n]


def _penalty(grid: Grid) -> int:
    """Count what a camera stumbles over: long runs, blocks, false finders, too dark or light."""
    size = len(grid)
    lines = ["".join("1" if dark else "0" for dark in row) for row in grid]
    lines += ["".join("1" if grid[y][x] else "0" for y in range(size)) for x in range(size)]
    found = 0
    for line in lines:
        for colour in ("0", "1"):
            other = "1" if colour == "0" else "0"
            found += sum(len(run) - 2 for run in line.split(other) if len(run) >= 5)  # noqa: PLR2004
        for finder in ("10111010000", "00001011101"):
            found += 40 * sum(line.startswith(finder, at) for at in range(size - 10))
    for y in range(size - 1):
        for x in range(size - 1):
            if grid[y][x] == grid[y][x + 1] == grid[y + 1][x] == grid[y + 1][x + 1]:
                found += 3
    share = sum(map(sum, grid)) * 100 // (size * size)
    return found + 10 * (abs(share - 50) // 5)
