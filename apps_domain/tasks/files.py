"""Work on files of apps."""

from apps_domain.services.files import sweep_files
from config.celery import app


@app.task(name="apps_domain.sweep_files")
def sweep_app_files() -> None:
    """Files that no version has, and what died while it was uploaded."""
    sweep_files()
