"""The study on its page: scores, settings and answers, all from the table that the study wrote."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import answers
import data
import model
import numpy as np
import probes
import runs
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.docutils import SphinxDirective, SphinxRole

import ecgmask

TABLE = Path(__file__).parent.parent / "study.csv"
OBJECTIVES = {"mae": "Masked autoencoder", "jepa": "JEPA"}
FACTORS = {
    "rhythm": "Atrial fibril\N{SOFT HYPHEN}lation",
    "heart_rate": "Heart rate",
    "rr_variation": "RR vari\N{SOFT HYPHEN}ation",
    "ectopic_beats": "Ectopic beats",
    "pr_interval": "PR",
    "qrs_duration": "QRS",
    "qtc": "QTc",
    "frontal_axis": "Frontal axis",
    "t_amplitude": "T wave",
    "st_level": "ST level",
    "since_r": "Last R\N{NO-BREAK SPACE}peak",
    "until_r": "Next R\N{NO-BREAK SPACE}peak",
}
RANDOM = ("random encoder", "never")
# From which difference to the random encoder on a cell has a colour.
STEPS = (0.05, 0.15, 0.3)

Rows = Sequence[dict[str, str]]


def read() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def values(rows: Rows, name: str) -> Any:
    """Return the numbers of a column in the order of the seeds, or none if it is empty."""
    in_order = sorted(rows, key=lambda row: int(row["seed"]))
    return np.array([float(row[name]) for row in in_order if row[name]])


def seeds(rows: Rows) -> list[int]:
    return sorted(int(row["seed"]) for row in rows)


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def number(value: float) -> str:
    """Return two digits behind the point, and no minus before a zero."""
    return f"{round(value, 2) + 0:.2f}".replace("-", "\N{MINUS SIGN}")


def shade(gain: float) -> str:
    """Return the class of a cell by its difference to the random encoder."""
    step = sum(abs(gain) >= each for each in STEPS)
    return f"study-{'gain' if gain > 0 else 'loss'}-{step}" if step else "study-same"


def among_best(trained: dict[Any, Rows], untrained: dict[Any, Rows], name: str) -> set[Any]:
    """Return the trained settings that cannot be told from the best one in a factor.

    There is none where the best is no further above what needs no training than two trainings have
    to be apart.
    """
    if len({tuple(seeds(rows)) for rows in trained.values()}) > 1:
        raise ValueError(f"settings have other seeds in {name}; run those that one lacks")
    means = {setting: values(rows, name).mean() for setting, rows in trained.items()}
    best = max(means.values())
    smallest = smallest_difference(trained, name)
    if best - smallest < max(values(rows, name).mean() for rows in untrained.values()):
        return set()
    return {setting for setting, mean in means.items() if mean >= best - smallest}


def smallest_difference(trained: dict[Any, Rows], name: str) -> float:
    scores = np.array([values(rows, name) for rows in trained.values()])
    return float(answers.smallest_difference(scores, len(factors_of(trained))))


def factors_of(settings: dict[Any, Rows]) -> list[str]:
    return [name for name in FACTORS if all(len(values(each, name)) for each in settings.values())]


class Directive(SphinxDirective):
    """Make a table of the study, which changes with what it is made of."""

    def rows(self) -> list[dict[str, str]]:
        for path in (TABLE, answers.__file__):
            self.env.note_dependency(str(path))
        return read()

    def table(
        self, header: Sequence[str], rows: Sequence[Sequence[Any]], *classes: str
    ) -> list[nodes.Node]:
        """Return a table of cells, each a text or a text and its class."""
        table = nodes.table(classes=list(classes))
        group = nodes.tgroup(cols=len(header))
        table += group
        group += [nodes.colspec(colwidth=1, stub=int(n == 0)) for n in range(len(header))]
        head, body = nodes.thead(), nodes.tbody()
        group += [head, body]
        head += self.table_row(header)
        body += [self.table_row(row) for row in rows]
        return [table]

    def table_row(self, cells: Sequence[Any]) -> nodes.row:
        row = nodes.row()
        for cell in cells:
            text, of_cell = cell if isinstance(cell, tuple) else (cell, "")
            inline, _ = self.parse_inline(text)
            row += nodes.entry("", nodes.paragraph("", "", *inline), classes=of_cell.split())
        return row

    def setting(self, strategy: str, truncate: str) -> str:
        """Return the name of a setting, which leads to its page."""
        if strategy in (*runs.BASELINES, RANDOM[0]):
            return strategy.capitalize()
        family = vars(ecgmask)[re.match(r"\w+", strategy)[0]]
        page = family.__module__.rpartition(".")[2]
        link = f":doc:`{strategy} </gallery/strategies/{page}>`"
        return link if truncate == "never" else f"{link}, contexts cut"


class StudyScores(Directive):
    """What is read from the encoders of an objective, with the gain over a random one as colour."""

    option_spec = {  # noqa: RUF012
        "objective": lambda text: directives.choice(text, tuple(OBJECTIVES)),
        "rows": directives.positive_int,
    }

    def run(self) -> list[nodes.Node]:
        rows, n_rows = self.rows(), self.options["rows"]
        trained = answers.by_setting(rows, self.options["objective"], n_rows)
        # Those that read samples know no tokens.
        untrained = answers.by_setting(rows, "none", 1) | answers.by_setting(rows, "none", n_rows)
        factors = factors_of(trained)
        random = {name: values(untrained[RANDOM], name).mean() for name in factors}
        best = {name: among_best(trained, untrained, name) for name in factors}
        lines = [
            [
                self.setting(*setting),
                *((self.score(values(each, name)), "study-baseline") for name in factors),
            ]
            for setting, each in untrained.items()
        ]
        for setting, each in trained.items():
            line = [self.setting(*setting)]
            for name in factors:
                scores = values(each, name)
                text = self.score(scores, mark=setting in best[name])
                line.append((text, shade(scores.mean() - random[name])))
            lines.append(line)
        smallest = [number(smallest_difference(trained, name)) for name in factors]
        lines.append(["Smallest difference", *((text, "study-baseline") for text in smallest)])
        return self.table(["Setting", *map(FACTORS.get, factors)], lines, "study-scores")

    @staticmethod
    def score(scores: Any, *, mark: bool = False) -> str:
        text = number(scores.mean())
        if mark:
            text = f"**{text}\\***"
        if len(scores) > 1:
            _, half_width = answers.interval(scores)
            text += f" :study-note:`± {number(half_width)}`"
        return text


class StudySettings(Directive):
    """What each setting showed the encoder, what it scores otherwise, and signs of collapse."""

    option_spec = StudyScores.option_spec

    header = (
        *("Setting", "Tokens seen", "Equal steps", "Equal tokens", "Means alone"),
        *("Standard deviation", "Cosine similarity", "Effective rank", "CPU seconds"),
    )

    def run(self) -> list[nodes.Node]:
        rows, n_rows = self.rows(), self.options["rows"]
        kinds = (answers.FEATURES, f"{answers.FEATURES} at equal tokens", "mean")
        tables = [
            answers.by_setting(rows, "none", n_rows, kind)
            | answers.by_setting(rows, self.options["objective"], n_rows, kind)
            for kind in kinds
        ]
        lines = [
            self.line(setting, [table.get(setting, []) for table in tables])
            for setting in tables[0]
            if setting[0] not in runs.BASELINES
        ]
        return self.table(self.header, lines, "study-settings")

    def line(self, setting: tuple[str, str], kinds: Sequence[Rows]) -> list[str]:
        whole = kinds[0]

        def mean(name: str) -> float:
            return float(values(whole, name).mean())

        def of_all(rows: Rows) -> str:
            if seeds(rows) != seeds(whole):
                return "none"
            return number(np.mean([values(rows, name).mean() for name in answers.ALL]))

        return [
            self.setting(*setting),
            f"{mean('tokens_seen') / 1000:.0f} k" if mean("tokens_seen") else "none",
            *map(of_all, kinds),
            number(mean("std")),
            number(mean("cosine")),
            f"{mean('effective_rank'):.1f}",
            f"{mean('cpu_seconds'):.0f}",
        ]


class StudyAnswers(Directive):
    """The questions, what each compares, and what the study answers for each objective."""

    def run(self) -> list[nodes.Node]:
        lines: dict[str, list[str]] = {}
        for question, mean, half_width, answer in answers.answers(self.rows()):
            about = f"{question.text} :study-note:`{compared(question)}`"
            found = f"**{answer}** :study-note:`{number(mean)} ± {number(half_width)}`"
            line = lines.setdefault(question.text, [about, *("not asked" for _ in OBJECTIVES)])
            line[1 + list(OBJECTIVES).index(question.objective)] = found
        return self.table(["Question", *OBJECTIVES.values()], list(lines.values()), "study-answers")


def compared(question: answers.Question) -> str:
    """Return the two settings of a question, and the scores whose mean is compared."""
    arms = [
        arm.strategy + (", contexts cut" if arm.truncate != "never" else "")
        for arm in (question.more, question.less)
    ]
    names = question.more.factors
    if names == answers.ALL:
        scores = "all factors of a record"
    elif question.more_without:
        scores = "last and next R peak in the middle, less the same at the ends"
    else:
        scores = ", ".join(FACTORS[name].replace("\N{SOFT HYPHEN}", "") for name in names)
    return f"{arms[0]} \N{MINUS SIGN} {arms[1]}: {scores}"


def together(rows: Rows, name: str) -> str:
    """Return the values that a column has in all rows, each once."""
    return " and ".join(sorted({row[name] for row in rows}))


def define_numbers(app: Sphinx, config: Config) -> None:
    """Let the page write how large the study was, and when and with what it was made."""
    made = [row for row in read() if row["features"] == answers.FEATURES]
    train, choose, test = map(len, data.cut(range(runs.FULL.n_records)))
    times = np.linspace(*probes.INNER, 1001)
    middle = times[probes.is_middle(times)]
    numbers = {
        "study_trainings": sum(row["objective"] != "none" for row in made),
        "study_steps": runs.FULL.n_steps,
        "study_batch": runs.BATCH_SIZE,
        "study_seeds": runs.N_SEEDS[1],
        "study_lead_seeds": runs.N_SEEDS[12],
        "study_width": model.WIDTH,
        "study_layers": len(model.Encoder(1, 1, 1).blocks.layers),
        "study_records": runs.FULL.n_records,
        "study_train": train,
        "study_choose": choose,
        "study_test": test,
        "study_rate": data.RATE,
        "study_duration": data.DURATION,
        "study_patch": runs.PATCH_DURATIONS[1],
        "study_lead_patch": runs.PATCH_DURATIONS[12],
        "study_confidence": percent(answers.CONFIDENCE),
        "study_equal_share": percent(runs.EQUAL_SHARE),
        "study_minutes": f"{sum(float(row['cpu_seconds']) for row in made) / 60:.0f}",
        "study_made": together(made, "made"),
        "study_versions": "ecgmask {ecgmask}, PyTorch {torch}, NumPy {numpy} and Python {python} "
        "on {machine}".format_map({name: together(made, name) for name in made[0]}),
        "study_questions": len(answers.QUESTIONS),
        "study_factors": len(answers.ALL),
        "study_negligible": answers.NEGLIGIBLE,
        "study_step_1": STEPS[0],
        "study_step_2": STEPS[1],
        "study_step_3": STEPS[2],
        "study_longest": probes.LONGEST,
        "study_probe_start": f"{probes.INNER[0]:g}",
        "study_probe_end": f"{probes.INNER[1]:g}",
        "study_middle_start": f"{middle[0]:g}",
        "study_middle_end": f"{middle[-1]:g}",
    }
    lines = [f".. |{name}| replace:: {value}" for name, value in numbers.items()]
    config.rst_epilog = "\n".join([config.rst_epilog or "", *lines, ""])


def note(name: str, rawtext: str, text: str, *_: Any, **__: Any) -> Any:
    """Return words in a line of their own, smaller than what they belong to."""
    return [nodes.inline(rawtext, text, classes=["study-note"])], []


class Score(SphinxRole):
    """A score with its interval: ``mae / RandomPatches.mae() / heart_rate / at equal tokens``."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        self.env.note_dependency(str(TABLE))
        objective, strategy, factor, *moment = self.text.split(" / ")
        kind = " ".join([answers.FEATURES, *moment])
        settings = answers.by_setting(read(), objective, runs.settings()[strategy], kind)
        scores = values(settings[strategy, "never"], factor)
        mean, half_width = answers.interval(scores)
        text = f"{number(mean)}\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{number(half_width)}"
        return [nodes.Text(text)], []


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_role("study-note", note)
    app.add_role("study-score", Score())
    app.add_directive("study-scores", StudyScores)
    app.add_directive("study-settings", StudySettings)
    app.add_directive("study-answers", StudyAnswers)
    app.connect("config-inited", define_numbers)
    return {"parallel_read_safe": True}
