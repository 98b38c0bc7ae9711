"""Receive reports: a GET with t, refid, status (20 or 40), price and message."""

from __future__ import annotations

import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Reports:
    """What was heard, by reference. Reports are not signed: ask before you believe one."""

    def __init__(self, port: int) -> None:
        """Listen on loopback."""
        self._heard: dict[str, list[str]] = {}
        self._lock = threading.Lock()
        reports = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = urllib.parse.urlsplit(self.path).query
                fields = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
                reports.note(fields.get("refid", ""), fields.get("status", ""))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"OK")

            def log_message(self, *_args: object) -> None:
                """Keep quiet: reports may hold serial numbers."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def note(self, reference: str, status: str) -> None:
        """Keep it before it is acknowledged; the same may come twice."""
        with self._lock:
            self._heard.setdefault(reference, []).append(status)

    def of(self, reference: str) -> list[str]:
        """Give the statuses that were reported of an order, in their order."""
        with self._lock:
            return list(self._heard.get(reference, []))
