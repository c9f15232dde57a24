"""The page of the study says what its table says."""

import csv
import statistics

import pytest
from bs4 import BeautifulSoup
from conftest import ROOT, SITE
from scipy.stats import t as student

TABLES = [("mae", "1"), ("jepa", "1"), ("mae", "12")]
FACTORS = {
    "Atrial fibrillation": "rhythm",
    "Heart rate": "heart_rate",
    "RR variation": "rr_variation",
    "Ectopic beats": "ectopic_beats",
    "PR": "pr_interval",
    "QRS": "qrs_duration",
    "QTc": "qtc",
    "Frontal axis": "frontal_axis",
    "T wave": "t_amplitude",
    "ST level": "st_level",
    "Last R peak": "since_r",
    "Next R peak": "until_r",
}
UNTRAINED = ("random encoder", "principal components", "the mean")


def words(element):
    return " ".join(element.get_text().replace("\N{SOFT HYPHEN}", "").split())


@pytest.fixture(scope="module")
def page():
    text = (SITE / "what_masks_teach.html").read_text(encoding="utf-8")
    return BeautifulSoup(text, "html.parser")


@pytest.fixture(scope="module")
def rows():
    with (ROOT / "docs" / "study.csv").open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["features"] == "mean and spread"]


def scores_of(rows, name, objective, n_rows, factor):
    """Return the scores that a row of the page is about."""
    strategy = name.removesuffix(", contexts cut")
    wanted = {
        "truncate": "ends" if strategy != name else "never",
        "objective": objective,
        "n_rows": n_rows,
        "strategy": strategy,
    }
    if name.lower() in UNTRAINED:
        wanted |= {"objective": "none", "strategy": name.lower()}
        if name != "Random encoder":
            wanted["n_rows"] = "1"
    return [float(r[factor]) for r in rows if all(r[key] == each for key, each in wanted.items())]


def near(text, value):
    """Return whether a number of the page is a value to the digits that it has."""
    return abs(float(text.replace("\N{MINUS SIGN}", "-")) - value) < 0.00501


@pytest.mark.parametrize("number", range(3))
def test_every_score_and_interval_is_that_of_the_table(page, rows, number):
    table = page.select("table.study-scores")[number]
    objective, n_rows = TABLES[number]
    header, *lines, smallest = table.select("tr")
    factors = [FACTORS[words(each)] for each in header.select("th")[1:]]
    assert len(factors) == (12 if n_rows == "1" else 10)
    assert words(smallest.th) == "Smallest difference"
    seen = set()
    for line in lines:
        name = words(line.th)
        seen.add(name)
        for factor, cell in zip(factors, line.select("td"), strict=True):
            scores = scores_of(rows, name, objective, n_rows, factor)
            mean, *half_width = words(cell).replace("*", "").split(" ± ")
            assert near(mean, statistics.fmean(scores)), (name, factor)
            assert bool(half_width) == (len(scores) > 1)
            for each in half_width:
                error = statistics.stdev(scores) / len(scores) ** 0.5
                assert near(each, student.ppf(0.975, len(scores) - 1) * error)
    trained = {
        r["strategy"] + ", contexts cut" * (r["truncate"] != "never")
        for r in rows
        if (r["objective"], r["n_rows"]) == (objective, n_rows)
    }
    assert seen == trained | {name.capitalize() for name in UNTRAINED}


@pytest.mark.parametrize("number", range(3))
def test_what_is_bold_is_no_further_from_the_best_than_the_page_says(page, number):
    *lines, smallest = page.select("table.study-scores")[number].select("tbody tr")

    def mean(cell):
        return float(words(cell).split()[0].strip("*").replace("\N{MINUS SIGN}", "-"))

    for column, cell in enumerate(smallest.select("td")):
        trained, untrained = [], []
        for line in lines:
            of_line = trained if words(line.th).lower() not in UNTRAINED else untrained
            of_line.append(line.select("td")[column])
        best = max(map(mean, trained))
        gain = best - max(map(mean, untrained)) - mean(cell)
        for each in trained:
            distance = best - mean(each) - mean(cell)
            if min(abs(distance), abs(gain)) > 0.016:  # what rounding leaves open
                assert bool(each.strong) == (gain > 0 and distance < 0), each
            assert ("*" in each.get_text()) == bool(each.strong)
        assert not any(each.strong for each in untrained)


def test_a_reader_gets_to_the_table_and_to_the_code_that_made_it(page):
    links = [each["href"] for each in page.select("a.download")]
    names = {link.rpartition("/")[2] for link in links}
    assert names == {
        *(
            "study.csv",
            "study_page.py",
            "data.py",
            "model.py",
            "runs.py",
            "probes.py",
            "answers.py",
        ),
    }
    for link in links:
        assert (SITE / link).is_file()
    (table,) = [link for link in links if link.endswith("study.csv")]
    assert (SITE / table).read_bytes() == (ROOT / "docs" / "study.csv").read_bytes()
