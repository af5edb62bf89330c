"""What of this room needs a version of an app, told to the room of apps when the server starts."""

from apps_domain.selectors.uses import USERS
from commands.blueprint_selectors import blueprints_with

USERS.append(blueprints_with)
