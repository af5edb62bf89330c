"""What is wrong with a file, or with a row of it."""


class UnusableFileError(ValueError):
    """Nothing of the file can be taken. The text says what to do."""


class InvalidEntryError(ValueError):
    """The row cannot be taken; the others can. The text names all that is wrong with it."""
