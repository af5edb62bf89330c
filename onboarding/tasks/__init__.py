"""Celery's part of onboarding: each task calls one function, and is safe to run twice."""

from onboarding.tasks import dep as dep
from onboarding.tasks import renewals as renewals
from onboarding.tasks import seamless as seamless
