"""What Apple devices call; outside Django's middleware (`config.middleware.DeviceEndpoints`)."""

from django.urls import path

from onboarding.views.ade import ade
from onboarding.views.enrolment import enrolment_page, enrolment_profile
from onboarding.views.mdm import mdm
from onboarding.views.scep import scep

urlpatterns = [
    path("mdm/connect", mdm),
    path("mdm/checkin", mdm),
    path("mdm/scep/<uuid:tenant_id>", scep),
    path("mdm/ade/<str:token>", ade),
    path("mdm/enrol/<str:token>", enrolment_page),
    path("mdm/enrol/<str:token>/profile.mobileconfig", enrolment_profile),
]
