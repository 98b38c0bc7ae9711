"""Pages of background jobs: the list, one with its progress, its file."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from gerbang.errors import NotFoundError
from gerbang.jobs.run import Work, cancel_job, list_jobs, read_file, show_job
from gerbang.people.role import Permission
from gerbang.web.pages.protection import HEADERS
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit


def add_job_pages(site: Site) -> None:
    """Add them to a site; everybody sees only their own jobs."""
    site.get("/jobs", jobs_page, may=Permission.OWN_ACCOUNT)
    site.get("/jobs/{id}", job_page, may=Permission.OWN_ACCOUNT)
    site.get("/jobs/{id}/file", job_file, may=Permission.OWN_ACCOUNT)
    site.post("/jobs/{id}/cancel", job_cancel, may=Permission.OWN_ACCOUNT)


async def begin_job(
    visit: Visit,
    work: Work,
    *,
    kind: str,
    title: str,
    total: int | None = None,
    file_name: str = "",
    file_type: str = "",
) -> Response:
    """Begin a job for who asks, and go to its page."""
    job_id = await visit.kit.jobs.begin(
        visit.user,
        work,
        realm=visit.site.realm,
        kind=kind,
        title=title,
        total=total,
        file_name=file_name,
        file_type=file_type,
    )
    return visit.go(f"{visit.site.prefix}/jobs/{job_id}")


async def jobs_page(visit: Visit) -> Response:
    """List one's own jobs."""
    jobs = await list_jobs(visit.pool, visit.user, realm=visit.site.realm)
    return visit.page("pages/jobs.html", jobs=jobs)


async def job_page(visit: Visit) -> Response:
    """Show one, or only its progress when the page asks again."""
    job = await show_job(visit.pool, visit.number(), visit.user)
    template = "pages/job_progress.html" if visit.is_fragment else "pages/job.html"
    return visit.page(template, job=job)


async def job_file(visit: Visit) -> Response:
    """Send the file a job made."""
    job = await show_job(visit.pool, visit.number(), visit.user)
    if job["state"] != "done" or not job["has_file"]:
        raise NotFoundError(visit.t("jobs.no_file"))
    headers = {
        **HEADERS,
        "content-disposition": f"attachment; filename*=UTF-8''{quote(job['file_name'])}",
    }
    return StreamingResponse(
        read_file(visit.pool, job["id"]), headers=headers, media_type=job["file_type"]
    )


async def job_cancel(visit: Visit) -> Response:
    """Cancel one."""
    job_id = visit.number()
    cancelled = await cancel_job(visit.pool, job_id, visit.user)
    text = visit.t("jobs.cancelled" if cancelled else "jobs.had_ended")
    return visit.go(f"{visit.site.prefix}/jobs/{job_id}", text, kind="info")
