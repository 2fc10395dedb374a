"""The same study under another profile: which of its disputed choices would differ, and the protocol with them made so.

Under another profile every choice is the profile's, also those that ``study.toml`` makes itself: the keys of the
profiles wherever they stand, a model's own ``select``, and the ``test`` of a comparison. All else stays: who enters,
endpoints, factors, tables, models, and the definitions that are reported beside the study's own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from oncohort.study.profiles import ProfileName, Setting, ValueInForce, profile_key
from oncohort.study.protocol import Comparison, Model, Protocol

SELECTION: Final = ("method", "criterion", "enter", "remove")
TABLE_TEST: Final = "description.table_test"


@dataclass(frozen=True, slots=True)
class Difference:
    """A choice that a study makes otherwise than a profile: its key in the profiles, and both values in words."""

    key: str
    own: str
    other: str


def differences(protocol: Protocol, profile: ProfileName) -> tuple[Difference, ...]:
    """Return every choice that a profile would make otherwise than the study does, in the order of the profiles.

    A choice that is made for several items is one choice; where they make it differently, each is named.

    Examples
    --------
    >>> from oncohort.study.parse import parse_protocol
    >>> from oncohort.study.template_tables import TEMPLATE
    >>> protocol = parse_protocol('''
    ... [study]
    ... title = "Ties"
    ... profile = "guideline"
    ... [records.patients]
    ... file = "patients.csv"
    ... patient_id = "id"
    ... [[endpoint]]
    ... id = "OS"
    ... time = { column = "months", unit = "months" }
    ... event = { column = "died", values = [1] }
    ... [survival]
    ... ties = "breslow"
    ... conf_type = "log"
    ... ''', "study.toml", template=TEMPLATE)
    >>> [(found.key, found.own, found.other) for found in differences(protocol, "guideline")]
    [('survival.ties', 'breslow', 'efron'), ('survival.conf_type', 'log', 'log-log')]
    """
    own: dict[str, dict[str, Setting]] = {}
    for key, made in protocol.settings().items():
        shared = profile_key(key)
        own.setdefault(shared, {})[_item(key, shared)] = made.value
    for shared, item, value in _of_items(protocol):
        own[shared][item] = value
    other = {profile_key(key): made.value for key, made in protocol.settings_under(profile).items()}
    return tuple(
        Difference(key, _all_in_words(values), in_words(other[key]))
        for key, values in own.items()
        if any(value != other[key] for value in values.values())
    )


def switched(protocol: Protocol, keys: Collection[str], profile: ProfileName) -> Protocol:
    """Return the protocol with some choices made as a profile makes them, without the bootstrap of its models.

    Parameters
    ----------
    protocol : Protocol
        The study.
    keys : collection of str
        Keys of the profiles; each is switched for every item of the study.
    profile : str
        The profile that makes them.
    """
    made = {key: value for key, value in protocol.settings_under(profile).items() if profile_key(key) in keys}
    changed = protocol.model_copy(
        update={
            "model": tuple(_selected(model, made) for model in protocol.model),
            "comparison": tuple(_tested(comparison, made) for comparison in protocol.comparison),
        }
    )
    return changed.with_choices(made)


def in_words(value: Setting) -> str:
    """Return a value as ``study.toml`` would say it, without quotation marks.

    Examples
    --------
    >>> in_words(True), in_words(("observed", "reverse-km")), in_words(0.05)
    ('true', 'observed, reverse-km', '0.05')
    """
    if isinstance(value, tuple):
        return ", ".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _item(key: str, shared: str) -> str:
    return "" if key == shared else key.rsplit(".", 2)[1]


def _of_items(protocol: Protocol) -> list[tuple[str, str, Setting]]:
    """Return the choices that models and comparisons make for themselves: key, item and value."""
    selected = [
        (f"selection.{name}", model.id, value)
        for model in protocol.model
        for name in SELECTION
        if model.select is not None and (value := getattr(model.select, name)) is not None
    ]
    tested = [
        (TABLE_TEST, f"{comparison.id} {outcome}", test)
        for comparison in protocol.comparison
        for outcome, test in comparison.test.items()
    ]
    return [*selected, *tested]


def _all_in_words(values: Mapping[str, Setting]) -> str:
    if len(set(values.values())) == 1:
        return in_words(next(iter(values.values())))
    return "; ".join(f"{item}: {in_words(value)}" if item else in_words(value) for item, value in values.items())


def _selected(model: Model, made: Mapping[str, ValueInForce]) -> Model:
    model = model if model.bootstrap is None else model.model_copy(update={"bootstrap": None})
    if model.select is None:
        return model
    names = [n for n in SELECTION if f"selection.{n}" in made and getattr(model.select, n) is not None]
    update = {name: made[f"selection.{name}"].value for name in names}
    return model.model_copy(update={"select": model.select.model_copy(update=update)}) if update else model


def _tested(comparison: Comparison, made: Mapping[str, ValueInForce]) -> Comparison:
    return comparison.model_copy(update={"test": {}}) if comparison.test and TABLE_TEST in made else comparison
