"""The methods paragraph: what was done, from the protocol and the values in force."""

from __future__ import annotations

from oncohort.report.bootstrap_section import phrase_bootstrap_methods
from oncohort.report.clinical_methods import phrase_clinical_methods
from oncohort.report.competing_section import phrase_competing_methods
from oncohort.report.fine_gray_section import phrase_fine_gray_methods
from oncohort.report.model_tables import beside_factors
from oncohort.report.names import METHOD_WORDS, factor_label, level_label, listed, model_title
from oncohort.report.rank_names import phrase_level_tests
from oncohort.report.restricted_section import phrase_restricted_methods
from oncohort.report.spline_section import phrase_spline_methods
from oncohort.study.protocol import Endpoint, Factor, Model, Protocol
from oncohort.study.results import Results


def phrase_methods(protocol: Protocol, results: Results, software: str) -> str:
    """Return the statistical methods as one paragraph.

    ``software`` names program and version. What the protocol leaves unsaid (the origin of an
    endpoint, the design) is left out, never invented.
    """
    sentences = [_design(protocol)]
    for endpoint in protocol.endpoint:
        sentences += [_endpoint(endpoint), _entry(endpoint, results)]
    sentences += [phrase_clinical_methods(protocol)]
    sentences += [
        _description(protocol),
        _survival(protocol, results),
        phrase_restricted_methods(protocol, results),
        phrase_competing_methods(protocol, results),
        _splits(protocol, results),
        _models(protocol, results),
        phrase_spline_methods(protocol, results),
        phrase_bootstrap_methods(protocol),
        phrase_fine_gray_methods(protocol),
    ]
    force = protocol.settings()
    sentences.append(f"Two-sided P < {force['study.alpha'].value} was considered significant.")
    sentences.append(f'Analyses were done with {software}, profile "{protocol.study.profile}".')
    return " ".join(sentence for sentence in sentences if sentence)


def _design(protocol: Protocol) -> str:
    study = protocol.study
    if not study.design:
        return ""
    place = f" at {study.setting}" if study.setting else ""
    ethics = f" The study was approved by {study.ethics.approval}." if study.ethics.approval else ""
    consent = f" Consent was {study.ethics.consent}." if study.ethics.consent else ""
    article = "an" if study.design[0].lower() in "aeiou" else "a"
    return f"This was {article} {study.design}{place}.{ethics}{consent}"


def _endpoint(endpoint: Endpoint) -> str:
    name = f"{endpoint.label} ({endpoint.id})" if endpoint.label and endpoint.id not in endpoint.label else endpoint.id
    if not (endpoint.measured_from and endpoint.measured_to):
        return f"{name[0].upper()}{name[1:]} was analyzed {_source(endpoint)}."
    censored = f"; patients without an event were censored at {endpoint.censored_at}" if endpoint.censored_at else ""
    return f"{name} was measured from {endpoint.measured_from} to {endpoint.measured_to}{censored}."


def _entry(endpoint: Endpoint, results: Results) -> str:
    """Say from when on patients were at risk, where they came under observation late."""
    if endpoint.entry is None:
        return ""
    when = f'on the date in the column "{endpoint.entry}"'
    if not isinstance(endpoint.entry, str):
        when = f'at the time in the column "{endpoint.entry.column}"'
    found = {name: results.get("delayed_entry", name, endpoint=endpoint.id) for name in ("n", "median", "min", "max")}
    told = {name: "–" if row is None else row.text for name, row in found.items()}
    unit = "" if found["median"] is None else f" {found['median'].unit}"
    return (
        f"Patients entered the risk set {when} (left truncation), {told['n']} of them after time zero; the median time "
        f"of entry was {told['median']}{unit} (range, {told['min']}–{told['max']}), and follow-up is counted from it."
    )


def _source(endpoint: Endpoint) -> str:
    """Say where time and event come from, for an endpoint whose protocol does not define it in words."""
    if endpoint.causes:
        return f"from day 0 to death from {listed([cause.lower() for cause in endpoint.causes])}"
    if endpoint.events:
        return f"from day 0 to {' or '.join(endpoint.events)}"
    if endpoint.time is not None:
        return f'as recorded in the column "{endpoint.time.column}" ({endpoint.time.unit})'
    return f'from the dates in the column "{endpoint.start}" and the columns of its events'


def _description(protocol: Protocol) -> str:
    factors = {name: protocol.find_factor(name) for table in protocol.table for name in table.factors}
    measured = {f.describe or "median-range" for f in factors.values() if _is_measured(f)}
    faces = {
        "median-range": "median and range",
        "median-quartiles": f"median and quartiles ({_quartiles(protocol)})",
        "mean-sd": "mean and standard deviation",
    }
    words = [f"as {faces[face]}" for face in faces if face in measured]
    continuous = f"Continuous data are given {' or '.join(words)}. " if words else ""
    if not any(table.by for table in protocol.table):
        return continuous.strip()
    tests = {
        "pearson": "Pearson's χ² test",
        "fisher": "Fisher's exact test",
        "fisher-if-small": "Pearson's χ² test, or Fisher's exact test where an expected count was below 5",
    }
    table_test = tests[str(protocol.settings()["description.table_test"].value)]
    return f"{continuous}Groups were compared by {table_test}, and by rank tests for continuous data."


def _is_measured(factor: Factor) -> bool:
    return factor.levels is None and factor.describe != "count" and (factor.cut is None or factor.describe is not None)


def _quartiles(protocol: Protocol) -> str:
    return METHOD_WORDS[str(protocol.settings()["description.quartiles"].value)]


def _survival(protocol: Protocol, results: Results) -> str:
    force = {key: str(item.value) for key, item in protocol.settings().items()}
    level = f"{100 * float(force['survival.conf_level']):g}%"
    limits = METHOD_WORDS[force["survival.median_conf"]]
    scale = METHOD_WORDS[force["survival.conf_type"]]
    survival = (
        f"Survival was estimated by the Kaplan–Meier method with Greenwood's variance and {scale} {level} "
        f"confidence intervals (CI); medians have {limits}."
    )
    methods = protocol.settings()["follow_up.method"].value
    named = [METHOD_WORDS[name] for name in (methods if isinstance(methods, tuple) else (str(methods),))]
    follow_up = f" Follow-up is {listed(named)}." if "observed" in named else ""
    if "reverse Kaplan–Meier" in named and not follow_up:
        follow_up = " Median follow-up was estimated by the reverse Kaplan–Meier method."
    if not any(table.kind == "univariable" for table in protocol.table):
        return survival + follow_up
    pairs = ""
    if any(len(results.levels_of(name)) > 2 for table in protocol.table if table.endpoints for name in table.factors):
        adjusted = force["survival.pairwise"] == "holm"
        pairs = f", pairs of levels {'with Holm’s adjustment' if adjusted else 'without adjustment for their number'}"
    return f"{survival}{follow_up} {phrase_level_tests(protocol)}{pairs}."


def _splits(protocol: Protocol, results: Results) -> str:
    used = {name for table in protocol.table for name in table.factors} | {n for m in protocol.model for n in m.factors}
    split = [factor for factor in protocol.factor if factor.split == "median" and factor.id in used]
    if not split:
        return ""
    bounds = [f"{factor_label(factor)} {results.levels_of(factor.id)[0].label}" for factor in split]
    noun = "Factors were" if len(split) > 1 else "One factor was"
    return f"{noun} divided at the sample median, a value equal to it counted with the lower group ({listed(bounds)})."


def _models(protocol: Protocol, results: Results) -> str:
    cox = tuple(model for model in protocol.model if model.kind == "cox")
    if not cox:
        return ""
    force = {key: str(item.value) for key, item in protocol.settings().items()}
    ties = METHOD_WORDS[force["survival.ties"]]
    sentences = [f"Hazard ratios come from Cox proportional hazards models ({ties} ties), fitted to complete cases."]
    by_selection: dict[str, list[Model]] = {}
    for model in cox:
        by_selection.setdefault(_selection(protocol, model), []).append(model)
    for words, models in by_selection.items():
        of = "" if len(by_selection) == 1 else f" ({listed([model_title(protocol, m) for m in models])})"
        sentences.append(f"{words[0].upper()}{words[1:]}{of}.")
    for model in cox:
        beside = " ".join(beside_factors(protocol, model))
        of = "" if len(cox) == 1 else f"Model for {model_title(protocol, model)}: "
        sentences += [f"{of}{beside}"] if beside else []
    sentences += [_coding(protocol, results, model) for model in cox[:1]]
    sentences += [_recoding(protocol, results, model, cox[0]) for model in cox[1:]]
    transform = METHOD_WORDS.get(force["survival.ph_transform"], force["survival.ph_transform"])
    sentences.append(f"Proportional hazards were tested by the score test against time ({transform} transform).")
    return " ".join(sentence for sentence in sentences if sentence)


def _selection(protocol: Protocol, model: Model) -> str:
    method, criterion, enter, remove = protocol.selection_of(model)
    if method == "none":
        return "all candidate factors were kept"
    direction = "forward" if method == "forward-stepwise" else "backward"
    return (
        f"factors were selected by {direction} stepwise selection (entry by score test at P < {enter:.2f}, "
        f"removal by {METHOD_WORDS[criterion]} at P ≥ {remove:.2f})"
    )


def _coding(protocol: Protocol, results: Results, model: Model) -> str:
    codings = [f"{factor_label(protocol.find_factor(n))}: {_coding_of(results, model, n)}" for n in model.factors]
    return f"The candidates were coded as follows. {'; '.join(codings)}."


def _coding_of(results: Results, model: Model, name: str) -> str:
    """Return how a model codes a factor: "B vs A", "vs A" of several levels, "per 10 years"."""
    keys = {"model": model.id, "endpoint": model.endpoint, "variable": name}
    coding = results.text("multivariable_cox", "method", **keys)
    levels = [row.level for row in results.select("univariable_cox", **keys) if row.statistic == "estimate"]
    return f"{level_label(results, name, levels[0])} {coding}" if len(levels) == 1 and levels[0] else coding


def _recoding(protocol: Protocol, results: Results, model: Model, first: Model) -> str:
    """Say what a further model codes in another way than the first."""
    other = [
        f"{factor_label(protocol.find_factor(name))}: {_coding_of(results, model, name)}"
        for name in model.factors
        if name not in first.factors or _coding_of(results, model, name) != _coding_of(results, first, name)
    ]
    return f"In the model for {model_title(protocol, model)}: {'; '.join(other)}." if other else ""
