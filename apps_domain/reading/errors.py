"""The one error of this package."""


class UnreadableAppError(ValueError):
    """A file cannot be taken as an app. Its text is for whoever uploaded it: what is wrong and what to do."""
