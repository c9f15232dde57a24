"""What can be read from frozen tokens: ridge regression, its scores, and signs of collapse."""

import numpy as np
from scipy.stats import rankdata

STRENGTHS = 10.0 ** np.arange(-2, 6)
LONGEST = 1.5  # s, beyond which a token need not know how far the next R peak is
INNER = (1.0, 9.0)  # s, where an R peak before and one after are in the record


def ridge(features, target, validation, test):
    """Fit on the first pair, choose the strength on the second, and predict the third.

    `features` and `target` are those to fit, `validation` is such a pair, `test` has features only.
    """
    centre, scale = features.mean(axis=0), features.std(axis=0) + 1e-8
    known, chosen, asked = ((x - centre) / scale for x in (features, validation[0], test))
    mean = target.mean()
    gram, moment = known.T @ known, known.T @ (target - mean)
    weights = [
        np.linalg.solve(gram + strength * np.eye(len(gram)), moment) for strength in STRENGTHS
    ]
    errors = [np.square(chosen @ each + mean - validation[1]).mean() for each in weights]
    return asked @ weights[int(np.argmin(errors))] + mean


def r_squared(truth, predicted):
    """Return 1 for a perfect prediction, and 0 for the mean of the truth."""
    return 1 - np.square(truth - predicted).sum() / np.square(truth - truth.mean()).sum()


def auroc(truth, score):
    """Return how often a record of the class has the higher score; ties count one half."""
    ranks = rankdata(score)
    n_true, n_false = truth.sum(), (~truth).sum()
    return (ranks[truth].sum() - n_true * (n_true + 1) / 2) / (n_true * n_false)


def pooled(tokens):
    """Return mean and standard deviation over the tokens of each record."""
    return np.concatenate([tokens.mean(axis=1), tokens.std(axis=1)], axis=1)


def principal_components(rows, fitted, n_components):
    """Return all rows on the first principal components of those that are fitted."""
    mean = rows[fitted].mean(axis=0)
    _, _, components = np.linalg.svd(rows[fitted] - mean, full_matrices=False)
    return (rows - mean) @ components[:n_components].T


def of_records(features, factors, parts):
    """Return how well each factor is read from one vector for each record.

    `parts` are the records to fit, to choose and to test: three arrays of their numbers. Factors
    that are text are classes, of which there are two; the others are numbers, or NaN where a record
    has none.
    """
    scores, of_classes = {}, []
    for name, column in factors.items():
        is_class = column.dtype.kind == "U"
        target = (column != np.unique(column)[0] if is_class else column).astype(float)
        fit, choose, test = (part[np.isfinite(target[part])] for part in parts)
        validation = (features[choose], target[choose])
        predicted = ridge(features[fit], target[fit], validation, features[test])
        if is_class:
            scores[name] = auroc(target[test] == 1, predicted)
            of_classes.append(scores[name])
        else:
            scores[name] = r_squared(target[test], predicted)
    if len(of_classes) > 1:
        scores["macro AUROC"] = np.mean(of_classes)
    return scores


def distances(r_peaks, times):
    """Return the time since the last R peak and that until the next one, in s, at each time."""
    since, until = [], []
    for peaks in r_peaks:
        offsets = times[:, None] - peaks
        since.append(np.where(offsets >= 0, offsets, LONGEST).min(axis=1))
        until.append(np.where(offsets < 0, -offsets, LONGEST).min(axis=1))
    longest = np.full((len(r_peaks), len(times)), LONGEST)
    return {"since_r": np.minimum(since, longest), "until_r": np.minimum(until, longest)}


def of_tokens(tokens, r_peaks, times, parts):
    """Return how well single tokens know where the R peaks around them are."""
    inner = (times >= INNER[0]) & (times <= INNER[1])
    scores = {}
    for name, target in distances(r_peaks, times[inner]).items():
        rows = [
            (tokens[part][:, inner].reshape(-1, tokens.shape[2]), target[part].ravel())
            for part in parts
        ]
        (features, known), validation, (asked, truth) = rows
        predicted = ridge(features, known, validation, asked)
        scores[name] = r_squared(truth, predicted)
        middle = np.tile(is_middle(times[inner]), len(parts[2]))
        scores[f"{name}_middle"] = r_squared(truth[middle], predicted[middle])
        scores[f"{name}_ends"] = r_squared(truth[~middle], predicted[~middle])
    return scores


def is_middle(times):
    """Return which times are in the middle half of what is probed."""
    start, end = INNER
    return np.abs(times - (start + end) / 2) <= (end - start) / 4


def health(tokens):
    """Return whether tokens have collapsed: spread, likeness, and how many dimensions are used."""
    centred = tokens - tokens.mean(axis=2, keepdims=True)
    normed = centred / (tokens.std(axis=2, keepdims=True) + 1e-5)
    units = normed / (np.linalg.norm(normed, axis=2, keepdims=True) + 1e-12)
    spectrum = np.linalg.eigvalsh(np.cov(tokens.mean(axis=1).T)).clip(0)
    share = spectrum / spectrum.sum() if spectrum.any() else np.eye(len(spectrum))[0]
    used = share[share > 0]
    return {
        "std": normed.std(axis=0).mean(),
        "cosine": np.square(units.mean(axis=0)).sum(axis=1).mean(),
        "effective_rank": np.exp(-(used * np.log(used)).sum()),
    }
