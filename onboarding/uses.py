"""What of this room needs blueprints and groups, told to their rooms when the server starts."""

from commands.services.blueprints import USERS
from devices.services.groups import LEAVERS
from onboarding.services.seamless.expected import keep_blueprint_of, waiting_for

USERS.append(waiting_for)
LEAVERS.append(keep_blueprint_of)
