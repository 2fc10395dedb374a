"""Comparisons and arms as factors, so that what is done by the levels of a factor is done by groups and arms too."""

from __future__ import annotations

from oncohort.study.schema_analysis import Comparison, Factor, GroupValues, Level
from oncohort.study.schema_shared import Scalar
from oncohort.study.schema_treatment import Arm


def as_factor(comparison: Comparison, factors: tuple[Factor, ...]) -> Factor:
    """Return the factor whose levels are the groups of a comparison, in their order.

    A group that names a level of the compared factor has that level's label and values; another name stands for the
    value itself.

    Examples
    --------
    >>> arm = Factor.model_validate(
    ...     {"id": "arm", "column": "arm", "label": "Arm", "levels": [{"id": "tace", "label": "TACE"}, "sorafenib"]}
    ... )
    >>> added = Comparison(id="added", by="arm", groups=("tace", "sorafenib"), outcomes=("OS",))
    >>> [(level.id, level.label) for level in as_factor(added, (arm,)).levels]
    [('tace', 'TACE'), ('sorafenib', 'sorafenib')]
    """
    compared = next((factor for factor in factors if factor.id == comparison.by), None)
    declared = {level.id: level for level in (compared.levels or ())} if compared else {}
    return Factor(
        id=comparison.id,
        column=compared.column if compared else comparison.by,
        label=comparison.label or (compared.label if compared else "") or in_words(comparison.by),
        levels=tuple(_level(group, declared) for group in comparison.groups),
        known=comparison.known or (compared.known if compared else "after-start"),
    )


def in_words(column: str) -> str:
    """Return the name of a column as a label.

    Examples
    --------
    >>> in_words("baseline_disease.met_lung"), in_words("continued_past_progression")
    ('Met lung', 'Continued past progression')
    """
    words = column.rpartition(".")[2].replace("_", " ")
    return f"{words[:1].upper()}{words[1:]}"


def arm_as_factor(arm: Arm) -> Factor:
    """Return the factor whose levels are the arms of actual treatment."""
    levels = tuple(Level(id=level.id, label=level.label or level.id, value=(level.id,)) for level in arm.levels)
    return Factor(id=arm.column, column=arm.column, label="Treatment", levels=levels, known="arm.known")


def _level(group: str | GroupValues, declared: dict[str, Level]) -> Level:
    if isinstance(group, str):
        return declared.get(group) or Level(id=group, label=group, value=(group,))
    values = tuple(value for name in group.values for value in _values(name, declared))
    return Level(id=group.id, label=group.label or group.id, value=values)


def _values(name: str, declared: dict[str, Level]) -> tuple[Scalar, ...]:
    return declared[name].values if name in declared else (name,)
