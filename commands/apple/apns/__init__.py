"""Client of the Apple Push Notification service, for device-management pushes. Knows no models and no Django.

Apple, "Sending notification requests to APNs": https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns
"""

from commands.apple.apns.client import ApnsClient
from commands.apple.apns.connection import ApnsConnection
from commands.apple.apns.outcomes import Notification, Outcome, Verdict, judge
from commands.apple.apns.tls import UnusableCertificate
from commands.apple.apns.wire import Limits

__all__ = [
    "ApnsClient",
    "ApnsConnection",
    "Limits",
    "Notification",
    "Outcome",
    "UnusableCertificate",
    "Verdict",
    "judge",
]
