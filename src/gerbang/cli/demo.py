"""``gerbang demo``: everything on one machine, ready to be called."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from gerbang.cli.context import told_plainly
from gerbang.logs import configure_logs
from gerbang.postgres.embedded import EmbeddedPostgres
from gerbang.settings import load_settings


def demo(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    data_dir: Annotated[
        str | None, typer.Option(help="Folder for everything the demo keeps.")
    ] = None,
) -> None:
    """Run the gateway with an embedded PostgreSQL, demo data and three fake suppliers.

    Everything is kept in DATA_DIR: stop it, kill it, start it again. DATA_DIR/demo.json has the
    address and every credential.

    Example: gerbang demo --port 8080
    """
    from gerbang.cli.run_demo import run_demo
    from gerbang.sandbox.demo_cards import DEPOSIT_IMID

    settings = load_settings(
        overrides={"host": host, "port": port, "data_dir": data_dir},
    )
    # Callbacks of the demo go to loopback, and so do its suppliers.
    settings = msgspec.structs.replace(settings, callback_private_addresses_allowed=True)
    if not settings.card_deposit_imid:
        settings = msgspec.structs.replace(settings, card_deposit_imid=DEPOSIT_IMID)
    configure_logs(level=settings.log_level, style=settings.log_format)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    embedded = None
    url = settings.database_url
    if not url:
        embedded = EmbeddedPostgres.of(Path(settings.data_dir))
        url = embedded.start()
    try:
        with told_plainly():
            run_demo(settings, url)
    except KeyboardInterrupt:
        pass
    finally:
        if embedded is not None:
            embedded.stop()
