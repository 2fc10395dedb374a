"""The errors a user can meet: each kind has an exit code and says in one sentence what was expected."""

from __future__ import annotations


class OncohortError(Exception):
    """Anything oncohort refuses to do, told in one sentence.

    Parameters
    ----------
    message : str
        One sentence that names file, row, column, value and what was expected, as far as they apply.

    Examples
    --------
    >>> raise DataError('patients.csv, row 7, column "OS": "-3" is negative; a time from 0 was expected')
    Traceback (most recent call last):
    ...
    oncohort.errors.DataError: patients.csv, row 7, column "OS": "-3" is negative; a time from 0 was expected
    """

    exit_code = 1


class UsageError(OncohortError):
    """The command cannot be understood as it was typed."""

    exit_code = 2


class ProtocolError(OncohortError):
    """``study.toml`` says something that cannot be, or not yet enough."""

    exit_code = 3


class DataError(OncohortError):
    """The data cannot be read, or cannot be what they claim to be."""

    exit_code = 4


class AnalysisError(OncohortError):
    """The data are what they claim, but this analysis cannot be made of them."""

    exit_code = 5


class OutputError(OncohortError):
    """The results cannot be written where they were asked for."""

    exit_code = 6
