"""Files that prove something, in forms and as answers, for the console and the portal alike."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from starlette.responses import Response

from gerbang.errors import BadInputError
from gerbang.orders.evidence import FILE_BYTES_MAX, FILES_MAX, EvidenceFile, evidence_file
from gerbang.web.pages.visit import Visit

FIELD: Final = "files"
LOCKED_UP: Final = "default-src 'none'; sandbox"


async def sent_evidence(visit: Visit) -> list[EvidenceFile]:
    """Read the files of a form; what is wrong with one is noted beside the field."""
    sent = await visit.form.uploads(FIELD, bytes_max=FILE_BYTES_MAX)
    if len(sent) > FILES_MAX:
        visit.form.refuse(FIELD, visit.t("evidence.too_many", most=FILES_MAX))
        return []
    files = []
    for name, content in sent:
        try:
            files.append(evidence_file(name, content))
        except BadInputError:
            visit.form.refuse(FIELD, visit.t("evidence.not_accepted", name=name[:100]))
    return files


def evidence_answer(file: EvidenceFile) -> Response:
    """Give a file as a download that no browser runs, whatever is in it."""
    answer = Response(file.content, media_type=file.type)
    answer.headers["content-disposition"] = f"attachment; filename*=UTF-8''{quote(file.name)}"
    answer.headers["content-security-policy"] = LOCKED_UP
    answer.headers["cross-origin-resource-policy"] = "same-origin"
    return answer
