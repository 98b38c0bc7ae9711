"""``/about``: what this installation is, and what partners must know of it."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from gerbang import __version__
from gerbang.api.context import Authorized

router = APIRouter(tags=["about"])


class About(BaseModel):
    """Facts of this installation."""

    version: str
    tag: str = Field(description="Prefix of our references at suppliers.")
    demo: bool
    public_url: str = Field(description="Where resellers and suppliers reach this gateway.")
    callback_source_ip: str = Field(
        description="Fixed address that callbacks are sent from; empty: whatever the host uses."
    )
    dialects: list[str]


@router.get("/about")
async def get_about(caller: Authorized) -> About:
    """Show version, dialects and the address that resellers allow for callbacks."""
    node = caller.node
    settings = node.settings
    return About(
        version=__version__,
        tag=node.tag,
        demo=node.is_demo,
        public_url=settings.public_url or f"http://{settings.host}:{settings.port}",
        callback_source_ip=settings.callback_source_ip,
        dialects=sorted(node.dialect_names),
    )
