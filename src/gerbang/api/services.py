"""What the management API works with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from gerbang.app import Node


class Services(msgspec.Struct, frozen=True):
    """The running node; routers reach use cases through it."""

    node: Node
