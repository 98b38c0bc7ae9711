"""Public documentation at ``/docs``, from the same Markdown as the repository's `docs` folder."""
