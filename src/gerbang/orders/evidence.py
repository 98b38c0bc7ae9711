"""Files that prove what somebody says in a case: kept as they came, never changed, few and small.

What a file is, its first bytes say: pictures and PDF, nothing that a browser would run.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from gerbang.audit import write_audit
from gerbang.errors import BadInputError, ConflictError, NotFoundError
from gerbang.orders.intake import SQL
from gerbang.postgres.pool import Connection, Pool

FILES_MAX: Final = 5
FILE_BYTES_MAX: Final = 2_000_000
NAME_LETTERS_MAX: Final = 100
ACCEPTED: Final = ".png,.jpg,.jpeg,.webp,.pdf"

_STARTS: Final = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"%PDF-"), "application/pdf"),
)
_UNSAFE: Final = re.compile(r"[^\w .()-]+")


class EvidenceFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file to be kept."""

    name: str
    type: str
    content: bytes


def evidence_file(name: str, content: bytes) -> EvidenceFile:
    """Look at what came. Raises BadInputError."""
    if not 0 < len(content) <= FILE_BYTES_MAX:
        raise _refused(f"each file has at most {FILE_BYTES_MAX // 1_000_000} MB")
    kind = next((kind for start, kind in _STARTS if start.match(content)), None)
    if kind is None:
        raise _refused("a PNG, JPEG or WebP picture, or a PDF")
    return EvidenceFile(name=_clean(name), type=kind, content=content)


def _clean(name: str) -> str:
    """Take a name without folders and odd letters, so that it is safe wherever it is shown."""
    plain = _UNSAFE.sub("_", re.split(r"[/\\]", name)[-1]).strip(" .")
    return plain[-NAME_LETTERS_MAX:] or "file"


async def keep_evidence(
    connection: Connection, case_id: int, files: Sequence[EvidenceFile], *, actor: str
) -> None:
    """Add files to an open case, inside the caller's transaction."""
    if not files:
        return
    row = await connection.fetchrow(SQL.lock_case_for_files, case_id)
    if row is None:
        raise NotFoundError(f"no case {case_id}")
    if row["closed_at"] is not None:
        raise ConflictError(f"case {case_id} is closed")
    kept = row["files"]
    if kept + len(files) > FILES_MAX:
        raise _refused(f"at most {FILES_MAX} files")
    for number, file in enumerate(files, start=kept + 1):
        digest = hashlib.sha256(file.content).digest()
        await connection.execute(
            SQL.insert_case_file, case_id, number, file.name, file.type, file.content, digest, actor
        )
    await write_audit(
        connection,
        actor=actor,
        action="case.evidence_added",
        subject=f"case:{case_id}",
        after={"files": [file.name for file in files]},
    )


async def list_evidence(connection: Connection | Pool, case_id: int) -> list[dict[str, Any]]:
    """List the files of a case, without their content."""
    return [dict(row) for row in await connection.fetch(SQL.list_case_files, case_id)]


async def read_evidence(
    connection: Connection | Pool, case_id: int, number: int, *, reseller_id: int | None = None
) -> EvidenceFile:
    """Give one file; with `reseller_id` only of a case about that reseller's order."""
    row = await connection.fetchrow(SQL.case_file, case_id, min(number, 99), reseller_id)
    if row is None:
        raise NotFoundError(f"no file {number} of case {case_id}")
    return EvidenceFile(name=row["name"], type=row["type"], content=row["content"])


def _refused(problem: str) -> BadInputError:
    return BadInputError(problem, {"files": problem})
