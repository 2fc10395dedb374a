"""What a rule answers: a value and why, or that it cannot be said, what is missing, and what is still possible."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """The answer of a clinical rule.

    Attributes
    ----------
    value
        What the rule gives; None where it is undetermined.
    why : str
        The criterion that decided, with the measured value and the bound, as a clause that reports quote:
        "total bilirubin 51.4 umol/L > 51.3".
    missing : tuple of str
        Which inputs are missing, whether or not the rest decided.
    possible : tuple
        Every value that the missing inputs still allow; the value alone where it is determined.

    Examples
    --------
    >>> decided("C", "Child-Pugh score 13 to 15").is_determined, undetermined(["ecog"], ["C", "D"]).value
    (True, None)
    """

    value: T | None
    why: str
    missing: tuple[str, ...] = ()
    possible: tuple[T, ...] = ()

    @property
    def is_determined(self) -> bool:
        return self.value is not None


def decided(value: T, why: str, missing: Iterable[str] = ()) -> Answer[T]:
    """Return an answer that is determined, with what was missing all the same."""
    return Answer(value, why, tuple(missing), (value,))


def undetermined(missing: Iterable[str], possible: Iterable[T] = (), why: str = "") -> Answer[T]:
    """Return an answer that cannot be given; without words of its own it says what is missing."""
    lacking = tuple(missing)
    return Answer(None, why or f"{', '.join(lacking)} missing", lacking, tuple(possible))
