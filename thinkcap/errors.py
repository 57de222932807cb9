"""The errors a user can meet: one sentence each, saying what to do next."""


class ThinkcapError(Exception):
    """Something the user can act on. Its text is one whole sentence; the command line prints it and exits with 1."""

    exit_code = 1


class ClosedError(ThinkcapError):
    """Something was used after it was closed."""

    def __init__(self) -> None:
        super().__init__("This engine is closed; load the model again with `thinkcap.load`.")


class UsageError(ThinkcapError):
    """The request itself makes no sense (a negative budget, an unknown quant). The command line exits with 2."""

    exit_code = 2
