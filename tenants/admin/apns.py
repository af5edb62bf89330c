"""When the console begins to say that something expires soon."""

import datetime as dt

from tenants.credentials import SOON

EXPIRES_SOON = dt.timedelta(days=SOON)
