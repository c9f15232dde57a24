"""The questions of the study, fixed before it was run, and what its table answers.

Each question is one difference of mean scores, paired by the seed of the training. Intervals are
simultaneous: those of all questions hold at once with 95 %, by Bonferroni. They are over trainings
alone: records, and the world that they are from, are the same for all.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.stats import studentized_range
from scipy.stats import t as student

CONFIDENCE = 0.95
NEGLIGIBLE = 0.05  # of R², or of the area under the curve

FEATURES = "mean and spread"  # what probes read of the tokens of a record
SHAPE = ("qrs_duration", "t_amplitude", "st_level")
RHYTHM = ("rhythm", "heart_rate", "rr_variation", "ectopic_beats")
ALL = ("pr_interval", "qtc", "frontal_axis", *SHAPE, *RHYTHM)
# The two hide about as much: single patches anywhere, or blocks of two seconds at least.
SHORT, LONG = "RandomPatches(0.8)", "MaskAndComplement()"


@dataclass(frozen=True)
class Arm:
    """A setting, and which of its scores count."""

    strategy: str
    factors: tuple
    truncate: str = "never"


@dataclass(frozen=True)
class Question:
    """Whether one arm scores more than another, or loses less from the middle to the ends."""

    text: str
    objective: str
    more: Arm
    less: Arm
    more_without: Arm | None = None
    less_without: Arm | None = None


def questions_of(objective):
    """Return the questions that are asked of models of one objective."""
    middle, ends = ("since_r_middle", "until_r_middle"), ("since_r_ends", "until_r_ends")
    asked = [
        Question("Do short gaps teach shape?", objective, Arm(SHORT, SHAPE), Arm(LONG, SHAPE)),
        Question("Do long gaps teach rhythm?", objective, Arm(LONG, RHYTHM), Arm(SHORT, RHYTHM)),
        Question(
            "Does the edge effect of mask and complement cost the middle?",
            objective,
            Arm(SHORT, middle),
            Arm(LONG, middle),
            Arm(SHORT, ends),
            Arm(LONG, ends),
        ),
        Question(
            "Does cutting contexts cost?",
            objective,
            Arm("ContextToTarget.ijepa()", ALL),
            Arm("ContextToTarget.ijepa()", ALL, truncate="ends"),
        ),
    ]
    if objective == "mae":  # per-lead masks have no other
        limb_leads = "Leads(n_masked=1, groups=(LIMB_LEADS,))"
        axis = ("frontal_axis",)
        asked.append(
            Question(
                "Does masking leads together teach axis?",
                objective,
                Arm(limb_leads, axis),
                Arm("Leads.mlae()", axis),
            )
        )
    return asked


QUESTIONS = [*questions_of("mae"), *questions_of("jepa")]


def scores_of(rows, objective, arm):
    """Return the mean score of an arm by seed."""
    scores = {
        int(row["seed"]): np.mean([float(row[factor] or "nan") for factor in arm.factors])
        for row in rows
        if row["features"] == FEATURES
        and row["objective"] == objective
        and row["strategy"] == arm.strategy
        and row["truncate"] == arm.truncate
    }
    if not scores or not np.isfinite(list(scores.values())).all():
        raise ValueError(
            f"the table lacks scores of {objective} {arm.strategy}, truncate={arm.truncate!r}; run "
            "the study to its end"
        )
    return scores


def differences(rows, question):
    """Return by how much the one arm scores more, for each seed."""
    more, less = (
        scores_of(rows, question.objective, arm) for arm in (question.more, question.less)
    )
    if more.keys() != less.keys():
        raise ValueError(
            f"{question.more} and {question.less} have other seeds: {sorted(more)} and "
            f"{sorted(less)}; run those that one lacks"
        )
    found = {seed: more[seed] - less[seed] for seed in more}
    if question.more_without:
        without = differences(
            rows,
            Question("", question.objective, question.more_without, question.less_without),
        )
        found = {seed: found[seed] - without[seed] for seed in found}
    return found


def interval(values, n_questions=1):
    """Return mean and half-width of an interval that holds with all others at once."""
    values = np.fromiter(values, float)
    if len(values) < 2:
        raise ValueError(f"an interval needs at least two seeds, not {len(values)}; run more")
    tail = (1 - CONFIDENCE) / 2 / n_questions
    spread = values.std(ddof=1) / np.sqrt(len(values))
    return values.mean(), student.ppf(1 - tail, len(values) - 1) * spread


def answer(mean, half_width):
    """Return yes if the difference is above zero, no if it is not worth naming, or neither."""
    if mean - half_width > 0:
        return "yes"
    if mean + half_width < NEGLIGIBLE:
        return "no"
    return "cannot tell"


def answers(rows, questions=None):
    """Return each question with its difference, the half-width of its interval, and its answer."""
    questions = QUESTIONS if questions is None else questions
    found = []
    for question in questions:
        values = differences(rows, question).values()
        mean, half_width = interval(values, len(questions))
        found.append((question, mean, half_width, answer(mean, half_width)))
    return found


def by_setting(rows, objective, n_rows, features=FEATURES):
    """Return the rows of each setting, one for each seed, by its strategy and how it is cut."""
    settings = {}
    for row in rows:
        if (row["objective"], int(row["n_rows"]), row["features"]) == (objective, n_rows, features):
            settings.setdefault((row["strategy"], row["truncate"]), []).append(row)
    return settings


def smallest_difference(scores, n_factors=1):
    """Return how far apart two of many settings must be to differ, by Tukey's range test.

    `scores` are ``(setting, seed)``. All settings start from the same encoders and see the records
    in the same order, so what a seed does to all of them is taken out. It holds for all pairs, and
    for all of several factors, at once.
    """
    n_settings, n_seeds = scores.shape
    of_setting, of_seed = scores.mean(axis=1, keepdims=True), scores.mean(axis=0)
    left = scores - of_setting - of_seed + scores.mean()
    n_free = (n_settings - 1) * (n_seeds - 1)
    error = np.sqrt(np.square(left).sum() / n_free / n_seeds)
    return critical_range(1 - (1 - CONFIDENCE) / n_factors, n_settings, n_free) * error


@cache
def critical_range(level, n_settings, n_free):
    """Return how many standard errors the range of equal settings stays below; it takes long."""
    return studentized_range.ppf(level, n_settings, n_free)
