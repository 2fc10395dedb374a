"""Who the synthetic patients are: values at baseline that meet the margins exactly, and hang together plausibly."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count, islice
from random import Random
from typing import Any, Final

from oncohort.simulate.deal import ImpossibleError, bend, deal, shares, stream, with_ends
from oncohort.simulate.entry import admits
from oncohort.simulate.margins import BaselineMargins, Margins, Spread
from oncohort.simulate.outline import WITH_HBV, Etiology
from oncohort.simulate.plausible import (
    CATEGORIES,
    ETIOLOGIES,
    HIGHEST_HBV_DNA,
    MEASURED,
    WEIGHTS,
    Measured,
    latent,
    within,
)
from oncohort.study.protocol import Protocol

TRIES: Final = 3000
AFP_OF_DIAGNOSIS: Final = 400.0
"""Alpha-fetoprotein above which imaging alone gives the diagnosis, in ng/mL: those patients have no biopsy first."""
_MARGIN_OF_NO_BIOPSY: Final = 100.0

Fields = dict[str, Any]
"""The values of one patient by the names of `Outline`."""


@dataclass(frozen=True, slots=True)
class Person:
    """A treated patient at baseline; ``hidden`` is the prognosis behind all values, standard normal, high is bad."""

    patient_id: str
    fields: Fields
    hidden: float
    rng: Random


def patient_ids(n: int, total: int, taken: Collection[str] = ()) -> list[str]:
    """Return n ids that nobody has, as wide as the number of all patients needs.

    Examples
    --------
    >>> patient_ids(2, 3, ["SYN-001"])
    ['SYN-002', 'SYN-003']
    """
    width = max(3, len(str(total)))
    numbered = (f"SYN-{number:0{width}}" for number in count(1))
    return list(islice((patient_id for patient_id in numbered if patient_id not in taken), n))


def draw_treated(margins: Margins, protocol: Protocol, ids: Sequence[str], seed: str) -> list[Person]:
    """Draw the treated patients at baseline.

    Each value goes with a hidden prognosis of the patient as strongly as `plausible.WEIGHTS` says; the margins are
    dealt out in that order, so that they are met exactly. Where the margins are silent, values are drawn from
    `plausible`, and none that a criterion of the protocol refuses. The cause of the liver disease goes with nothing
    else, and is dealt from an own stream of each patient; classes of HBV DNA are dealt to who has hepatitis B.
    """
    streams = [stream(seed, patient_id, "outline") for patient_id in ids]
    hidden = [rng.gauss(0, 1) for rng in streams]
    scores = {
        field: [latent(rng, z, WEIGHTS[field]) for rng, z in zip(streams, hidden, strict=True)] for field in WEIGHTS
    }
    columns: dict[str, list[Any]] = {}
    for field in MEASURED:
        columns[field] = _measured(field, margins.baseline, protocol, scores[field], streams)
    afp = columns["afp_ng_per_ml"]
    scores["differentiation"] = [
        score - _MARGIN_OF_NO_BIOPSY * (value > AFP_OF_DIAGNOSIS)
        for score, value in zip(scores["differentiation"], afp, strict=True)
    ]
    causes = etiology_counts(margins.baseline, protocol, len(ids))
    columns["etiology"] = deal(causes, [stream(seed, patient_id, "etiology").random() for patient_id in ids])
    for field in CATEGORIES:
        having = [k for k, cause in enumerate(columns["etiology"]) if field != "hbv_dna" or cause in WITH_HBV]
        counts = told_counts(field, margins.baseline, len(having)) or _silent_counts(field, protocol, len(having))
        dealt = dict(zip(having, deal(counts, [scores[field][k] for k in having]), strict=True))
        columns[field] = [dealt.get(k) for k in range(len(ids))]
    columns["hbv_dna"] = [_hbv_dna(bounds, rng) for bounds, rng in zip(columns["hbv_dna"], streams, strict=True)]
    people: list[Person] = []
    for k, patient_id in enumerate(ids):
        fields = {name: column[k] for name, column in columns.items()}
        people.append(Person(patient_id, fields | {"age": int(fields["age"])}, hidden[k], streams[k]))
    return people


def _hbv_dna(bounds: tuple[float, float] | None, rng: Random) -> float | None:
    """Return a value of a class; None where there is no class, and as many random numbers are used."""
    place = rng.random()
    return None if bounds is None else within(bounds, place)


def _measured(
    field: str, margins: BaselineMargins, protocol: Protocol, scores: Sequence[float], streams: Sequence[Random]
) -> list[float]:
    measured, spread = MEASURED[field], getattr(margins, field)
    if spread is not None:
        try:
            return _bent(measured, spread, scores, partial(admits, protocol, field))
        except ImpossibleError as error:
            raise ImpossibleError(f"baseline.{field}", error.sentence) from error
    values: list[float] = []
    for score, rng in zip(scores, streams, strict=True):
        value = measured.at(score)
        for _ in range(TRIES):
            if admits(protocol, field, value):
                break
            value = measured.at(rng.gauss(0, 1))
        else:
            raise ImpossibleError(f"baseline.{field}", "is missing, and no plausible value meets the criteria")
        values.append(value)
    return values


def _bent(
    measured: Measured, spread: Spread, scores: Sequence[float], admitted: Callable[[float], bool]
) -> list[float]:
    """Return values with a told spread; only who lies at a told end itself may have one that the criteria refuse."""
    median = spread.median
    low = _inmost(min(measured.low, median) if spread.min is None else spread.min, median, admitted)
    high = _inmost(max(measured.high, median) if spread.max is None else spread.max, median, admitted)
    inner = Spread(median=median, min=None if spread.min is None else low, max=None if spread.max is None else high)
    bent = bend([measured.at(score) for score in scores], inner, digits=0, logarithmic=measured.logarithmic)
    return with_ends([min(max(value, low), high) for value in bent], spread)


def _inmost(end: float, median: float, admitted: Callable[[float], bool]) -> float:
    """Return the whole value nearest to an end that the criteria admit; the end itself where even the median is not."""
    if admitted(end) or not admitted(median):
        return end
    out, inside = end, median
    while abs(out - inside) > 1:
        half = float(round((out + inside) / 2))
        out, inside = (out, half) if admitted(half) else (half, inside)
    return inside


def told_counts(field: str, margins: BaselineMargins, n: int) -> dict[Any, int] | None:
    """Return how many of n patients have each category, from the better to the worse prognosis; None if not told."""
    told: Any = getattr(margins, field)
    if told is None:
        return None
    if field == "hbv_dna":
        classes = sorted(told, key=lambda part: part.low)
        return {(float(part.low), float(part.below or HIGHEST_HBV_DNA)): part.n for part in classes}
    counts: dict[Any, int] = {_category(field, name): count for name, count in told.items()}
    if field in {"differentiation", "metastases"}:
        none: Any = "" if field == "differentiation" else ()
        counts[none] = n - sum(count for category, count in counts.items() if category != none)
    return dict(sorted(counts.items(), key=lambda item: _rank(field, item[0])))


def etiology_counts(margins: BaselineMargins, protocol: Protocol, n: int) -> dict[Etiology, int]:
    """Return how many of n patients have each cause; where it is not told, all have the first that criteria admit.

    Raises
    ------
    ImpossibleError
        If it is not told, and the criteria admit none.
    """
    told = told_counts("etiology", margins, n)
    return {usual_etiology(protocol): n} if told is None else told


def usual_etiology(protocol: Protocol) -> Etiology:
    """Return the first cause of `plausible.ETIOLOGIES` that the criteria admit.

    Raises
    ------
    ImpossibleError
        If they admit none.
    """
    for cause in ETIOLOGIES:
        if admits(protocol, "etiology", cause):
            return cause
    raise ImpossibleError("baseline.etiology", "is missing, and no cause of liver disease meets the criteria")


def _category(field: str, name: str) -> Any:
    if field in {"ecog", "n_tumours"}:
        return int(name)
    if field == "metastases":
        return (name,)
    return "" if name == "NONE" and field == "differentiation" else name


def _rank(field: str, category: Any) -> int:
    """Return the place of a category in the order of prognosis; numbers of tumors have their own order."""
    order: Mapping[Any, float] = ETIOLOGIES if field == "etiology" else CATEGORIES[field]
    return category if isinstance(category, int) else [*order].index(category)


def _silent_counts(field: str, protocol: Protocol, n: int) -> dict[Any, int]:
    """Return plausible counts of the categories that the criteria admit; none of nobody."""
    if not n:
        return {}
    weights = {
        category: weight
        for category, weight in CATEGORIES[field].items()
        if admits(protocol, field, within(category, 0.5) if field == "hbv_dna" else category)
    }
    if not weights:
        raise ImpossibleError(f"baseline.{field}", "is missing, and no plausible value meets the criteria")
    return shares(weights, n)


def draw_causes_of_disease(weights: Mapping[Etiology, float], rng: Random) -> Iterator[Etiology]:
    """Yield causes of liver disease without end."""
    causes: list[Etiology] = [*weights]
    while True:
        yield rng.choices(causes, [*weights.values()])[0]


def draw_excluded(
    leaves: Callable[[Fields], bool], rng: Random, causes: Iterator[Etiology], tries: int = TRIES
) -> Fields | None:
    """Draw a patient who was screened and left: values are drawn until they allow it.

    Parameters
    ----------
    leaves : function
        Says whether values allow the reason; from `entry.leaves_for`.
    rng : Random
        The patient's own stream.
    causes : iterator of str
        A cause of liver disease for each draw, from another stream.
    tries : int
        How many draws are made.

    Returns
    -------
    dict or None
        The values at baseline; None where no draw allowed the reason.
    """
    hidden = rng.gauss(0, 1)
    drawn = (_any_fields(rng, hidden, cause) for cause in islice(causes, tries))
    return next((fields for fields in drawn if leaves(fields)), None)


def _any_fields(rng: Random, hidden: float, etiology: Etiology) -> Fields:
    fields: Fields = {field: of.at(latent(rng, hidden, WEIGHTS[field])) for field, of in MEASURED.items()}
    fields["age"] = int(fields["age"])
    for field, weights in CATEGORIES.items():
        fields[field] = rng.choices([*weights], [*weights.values()])[0]
    if fields["afp_ng_per_ml"] <= AFP_OF_DIAGNOSIS and fields["differentiation"] == "":
        fields["differentiation"] = rng.choice(("MODERATE", "POOR"))
    found = _hbv_dna(fields["hbv_dna"], rng)
    return fields | {"etiology": etiology, "hbv_dna": found if etiology in WITH_HBV else None}


def strength(people: Sequence[Person]) -> list[float]:
    """Return how bad each patient's prognosis is: what is known to shorten survival, and the hidden rest."""
    return [_strength(person.fields) + 0.4 * person.hidden for person in people]


def _strength(fields: Mapping[str, Any]) -> float:
    return (
        0.6 * fields["ecog"]
        + 0.5 * (fields["child_pugh_class"] != "A")
        + 0.35 * (fields["afp_ng_per_ml"] > AFP_OF_DIAGNOSIS)
        + 0.25 * bool(fields["metastases"])
        + 0.2 * ((fields["hbv_dna"] or 0) >= 1e5)
    )
