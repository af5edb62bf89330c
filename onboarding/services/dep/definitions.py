"""Profiles as Apple knows them: a uuid at each server for what a profile says; another text is another uuid."""

import datetime as dt

import structlog
from django.db import IntegrityError
from django.utils import timezone

from onboarding.apple.anchors import UnusableAnchors
from onboarding.clients.apple_dep import DepService
from onboarding.clients.dep_errors import DepError, Kind
from onboarding.models import DepProfile, DepProfileDefinition, DepServer
from onboarding.services.dep.documents import digest_of, profile_document

log = structlog.get_logger(__name__)

TRY_AGAIN = dt.timedelta(hours=6)  # a profile that Apple did not take, unless it changes before


class ProfileGone(Exception):
    """It was deleted meanwhile: its devices are to have another."""


def defined(profile: DepProfile, server: DepServer, service: DepService) -> DepProfileDefinition:
    """As Apple knows it now. If Apple does not take what it says now, `problem` tells why, and the uuid is of what it
    said before; "" if nothing was ever taken. Raises DepError and ProfileGone.

    Killed between Apple's answer and its row, one too many is defined at Apple, which harms nobody.
    """
    definition = _definition(profile, server)
    try:
        document = profile_document(profile)
    except UnusableAnchors as error:
        return _refused(definition, "", str(error))
    digest = digest_of(document)
    if definition.digest == digest and not _is_to_be_tried(definition):
        return definition
    try:
        profile_uuid = service.define(document)
    except DepError as error:
        if error.kind is not Kind.OURS:
            raise
        return _refused(definition, digest, f"Apple does not take it: {error.code or error.message}")
    log.info("dep_profile_defined", profile=str(profile.pk), server=str(server.pk))
    return _kept(definition, profile_uuid=profile_uuid, digest=digest, problem="")


def forget(definition: DepProfileDefinition) -> None:
    """Apple knows its uuid no more: it is defined anew by the next who needs it."""
    _kept(definition, profile_uuid="", digest="", problem="")


def _definition(profile: DepProfile, server: DepServer) -> DepProfileDefinition:
    try:
        return DepProfileDefinition.objects.get_or_create(profile=profile, server=server)[0]
    except IntegrityError:
        raise ProfileGone from None


def _is_to_be_tried(definition: DepProfileDefinition) -> bool:
    if not definition.problem:
        return not definition.profile_uuid
    return definition.defined_at is None or definition.defined_at <= timezone.now() - TRY_AGAIN


def _refused(definition: DepProfileDefinition, digest: str, reason: str) -> DepProfileDefinition:
    log.warning("dep_profile_refused", profile=str(definition.profile_id), reason=reason)
    return _kept(definition, digest=digest, problem=reason[:255])


def _kept(definition: DepProfileDefinition, **told: str) -> DepProfileDefinition:
    now = timezone.now()
    if not DepProfileDefinition.objects.filter(pk=definition.pk).update(**told, defined_at=now):
        raise ProfileGone
    for name, value in {**told, "defined_at": now}.items():
        setattr(definition, name, value)
    return definition
