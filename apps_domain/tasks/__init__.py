"""Celery's part of the apps: each task calls one function, and is safe to run twice."""

from apps_domain.tasks import files as files
from apps_domain.tasks import licences as licences
from apps_domain.tasks import store as store
