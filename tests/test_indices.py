"""Equal context lengths in a batch, and what each rule costs."""

import laws
import numpy as np
import pytest
import torch
from goodness import assert_means, assert_uniform
from prescribed import Prescribed, truncated

from ecgmask import (
    ContextToTarget,
    IJEPAMaskCollator,
    Leads,
    Masks,
    PatchMaskCollator,
    describe,
    gather_tokens,
)

RULES = ("ends", "random", "first")


@pytest.fixture(autouse=True)
def _seed_torch():
    torch.manual_seed(12)


@pytest.fixture(scope="module")
def contexts():
    """Contexts of 150 batches of 64 records, as drawn."""
    rng = np.random.default_rng(7)
    return [ContextToTarget().draw(64, 200, rng).context for _ in range(150)]


def visibility(batches):
    """Return how the visible patches are spread over the positions: it sums to one."""
    seen = sum(batch.sum(axis=(0, 1)) for batch in batches)
    return seen / seen.sum()


def bias(contexts, rule):
    """Return the total variation between visibility as drawn and as truncated."""
    kept = visibility([truncated(batch, rule) for batch in contexts])
    return np.abs(kept - visibility(contexts)).sum() / 2


def mean_run(batches):
    n_runs = sum(np.diff(b.astype(np.int8), axis=-1, prepend=0).clip(0).sum() for b in batches)
    return sum(b.sum() for b in batches) / n_runs


@pytest.mark.parametrize("rule", RULES)
def test_all_records_keep_as_many_as_the_shortest(contexts, rule):
    for context in contexts[:20]:
        kept = truncated(context, rule)
        assert (kept.sum(axis=-1) == context.sum(axis=-1).min()).all()


@pytest.mark.parametrize("rule", RULES)
def test_nothing_is_added_to_a_context(contexts, rule):
    for context in contexts[:20]:
        assert not (truncated(context, rule) & ~context).any()


@pytest.mark.parametrize("rule", RULES)
def test_the_shortest_record_keeps_all(contexts, rule):
    context = contexts[0]
    shortest = context.sum(axis=-1).argmin()
    assert np.array_equal(truncated(context, rule)[shortest], context[shortest])


@pytest.mark.parametrize("rule", RULES)
def test_equal_contexts_stay_as_they_are(rule):
    context = np.eye(5, dtype=bool)[:, None]
    assert np.array_equal(truncated(context, rule), context)


@pytest.mark.parametrize("rule", RULES)
def test_the_input_is_left_alone(contexts, rule):
    context = contexts[0].copy()
    truncated(context, rule)
    assert np.array_equal(context, contexts[0])


@pytest.mark.parametrize("rule", RULES)
def test_records_keep_as_many_as_the_shortest_counted_over_all_leads(rule, rng):
    context = rng.random((6, 12, 40)) < 0.5
    kept = truncated(context, rule)
    assert (kept.sum(axis=(1, 2)) == context.sum(axis=(1, 2)).min()).all()
    assert not (kept & ~context).any()


def test_whole_leads_that_are_not_seen_do_not_empty_the_others(rng):
    context = rng.random((6, 12, 40)) < 0.5
    context[:, :3] = False
    assert truncated(context, "ends")[:, 3:].any(axis=(1, 2)).all()


def test_first_keeps_the_first_patches_in_time(contexts):
    for row in truncated(contexts[0], "first")[:, 0] ^ contexts[0][:, 0]:
        assert not row[: row.argmax()].any()
    context = np.array([[[True, False, True, True]], [[False, False, True, False]]])
    assert truncated(context, "first").tolist() == [
        [[True, False, False, False]],
        [[False, False, True, False]],
    ]


def test_ends_drops_from_one_end_of_a_record_only(contexts):
    for context in contexts[:20]:
        kept = truncated(context, "ends")
        for before, after in zip(context[:, 0], kept[:, 0], strict=True):
            survives = after[before]
            assert survives[0] or survives[-1]
            assert np.count_nonzero(np.diff(survives)) <= 1


def test_ends_tosses_a_fair_coin_for_each_record():
    context = np.ones((4000, 1, 6), dtype=bool)
    context[0, 0, 4:] = False
    kept = truncated(context, "ends")[1:, 0]
    assert_uniform(
        map(tuple, kept.tolist()), [(True,) * 4 + (False,) * 2, (False,) * 2 + (True,) * 4]
    )


def test_the_ends_of_a_record_are_those_of_all_its_leads():
    context = np.ones((500, 2, 6), dtype=bool)
    context[0, :, 4:] = False
    kept = truncated(context, "ends")[1:]
    assert np.array_equal(kept[:, 0], kept[:, 1])
    assert_uniform(
        map(tuple, kept[:, 0].tolist()),
        [(True,) * 4 + (False,) * 2, (False,) * 2 + (True,) * 4],
    )


def test_random_drops_every_subset_equally_often():
    context = np.ones((6000, 1, 6), dtype=bool)
    context[:, 0, 5] = False
    context[0, 0, 2:] = False
    kept = truncated(context, "random")[1:, 0]
    pairs = [(a, b) for a in range(5) for b in range(a + 1, 5)]
    assert_uniform([tuple(np.flatnonzero(row).tolist()) for row in kept], pairs)


@pytest.mark.parametrize(("rule", "greatest"), [("ends", 0.05), ("random", 0.02)])
def test_visibility_stays_nearly_as_drawn(contexts, rule, greatest):
    assert bias(contexts, rule) < greatest


def test_first_biases_visibility_towards_the_start(contexts):
    assert bias(contexts, "first") > 0.2
    seen = visibility([truncated(batch, "first") for batch in contexts])
    assert seen[:50].sum() > 4 * seen[150:].sum()


def test_ends_keeps_runs_long_and_random_shatters_them(contexts):
    ends, random = (
        mean_run([truncated(batch, rule) for batch in contexts]) for rule in ("ends", "random")
    )
    assert ends == pytest.approx(22, abs=1)
    assert random == pytest.approx(2.4, abs=0.2)


# Nothing is cut


def collate(strategy, n_records=6, n_patches=200, **options):
    collator = PatchMaskCollator(strategy, 1, truncate="never", **options)
    return collator(list(torch.zeros(n_records, 12, n_patches)))


def test_no_context_is_lost_so_its_law_is_that_of_one_record():
    seen = np.zeros((200, 200))
    for batch in range(200):
        masked = collate(ContextToTarget(), 64)
        for row, filler in zip(masked.context, masked.context_padding, strict=True):
            seen[batch, row[~filler]] += 1 / 64
    lengths = (laws.block_lengths(200, *scale) for scale in [("0.15", "0.2"), ("0.85", "0.95")])
    assert_means(seen, np.array(laws.context_marginal(200, 4, *lengths)))


def test_rows_are_as_long_as_the_longest_and_fillers_repeat_the_last_token():
    masked = collate(ContextToTarget(), 64)
    counts = (~masked.context_padding).sum(dim=1)
    assert masked.context.shape == (64, counts.max())
    assert counts.min() < counts.max()
    for row, filler, n in zip(masked.context, masked.context_padding, counts, strict=True):
        assert filler.tolist() == [False] * n + [True] * (len(row) - n)
        assert (row[n:] == row[n - 1]).all()


def test_targets_of_different_lengths_are_filled_too():
    masked = collate(Leads.oh(), 32)
    (target,), (filler,) = masked.targets, masked.target_padding
    assert ((~filler).sum(dim=1) + (~masked.context_padding).sum(dim=1) == 2400).all()
    assert target.shape == filler.shape


def test_records_without_lengths_have_no_padding():
    assert not collate(ContextToTarget()).padding.any()


def test_ranks_agree_on_the_length_that_is_filled_up_to():
    ranks = [
        collate(ContextToTarget(), seed=3, rank=rank, world_size=3).context for rank in range(3)
    ]
    longest = [collate(ContextToTarget(), seed=3, rank=rank, world_size=4) for rank in range(4)]
    assert len({context.shape for context in ranks}) == 1
    # The longest row of all ranks has no filler.
    assert min((filled.context_padding.sum(dim=1)).min() for filled in longest) == 0


def test_what_a_filler_holds_changes_no_output():
    masked = collate(ContextToTarget(), 8)
    filler = masked.context_padding
    encoder = torch.nn.TransformerEncoder(
        torch.nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), 2, enable_nested_tensor=False
    ).eval()
    tokens = gather_tokens(torch.randn(8, 200, 16), masked.context)
    noisy = tokens.masked_fill(filler[..., None], 1e3)
    one, other = (encoder(x, src_key_padding_mask=filler) for x in (tokens, noisy))
    assert torch.allclose(one[~filler], other[~filler], atol=1e-6)
    unmasked = encoder(noisy)
    assert not torch.allclose(one[~filler], unmasked[~filler], atol=1e-6)


def test_the_form_of_i_jepa_has_no_place_for_filler():
    with pytest.raises(ValueError, match="which the form of I-JEPA lacks; use PatchMaskCollator"):
        IJEPAMaskCollator(25, truncate="never")


# Lengths that are given


class Counted:
    """A user's strategy: a context of one to six patches, which starts at ten times its length."""

    def draw(self, n_records, n_patches, rng, **_):
        count = rng.integers(1, 7, size=n_records)[:, None, None]
        patch = np.arange(n_patches)
        context = (10 * count <= patch) & (patch < 11 * count)
        return Masks(context, ~context[:, None] & (patch < 70 + count)[:, None])


def fixed(strategy=None, n_records=64, **options):
    collator = PatchMaskCollator(strategy or Counted(), 1, **options)
    return collator(list(torch.zeros(n_records, 12, 100)))


@pytest.mark.parametrize("truncate", ["ends", "random", "first", "never"])
def test_all_batches_of_given_lengths_have_one_shape(truncate):
    lengths = {"n_context": 95, "n_target": 20} if truncate == "never" else {}
    lengths = lengths or {"n_context": 10, "n_target": 15}
    shapes = set()
    for n_records in (3, 64) * 10:
        batch = fixed(ContextToTarget(), n_records, truncate=truncate, **lengths)
        shapes |= {context.shape[1:] for context in [batch.context]}
        shapes |= {target.shape[1:] for target in batch.targets}
    assert shapes == {(n,) for n in lengths.values()}


def test_records_that_are_too_short_are_drawn_again_by_the_same_law():
    starts = [fixed(n_context=3, truncate="first").context[:, 0] for _ in range(40)]
    assert_uniform((torch.cat(starts) // 10).tolist(), [3, 4, 5, 6])


def test_records_that_are_too_long_to_be_filled_up_are_drawn_again_by_the_same_law():
    starts = [fixed(n_context=3, truncate="never").context[:, 0] for _ in range(40)]
    assert_uniform((torch.cat(starts) // 10).tolist(), [1, 2, 3])


@pytest.mark.parametrize("rule", RULES)
def test_a_given_length_drops_by_the_same_rule(rule, contexts):
    context = contexts[0]
    target = np.zeros_like(context)
    target[..., -1] = True
    masks = Masks(context & ~target, target[:, None])
    shortest = int(masks.context.sum(axis=(1, 2)).min())

    def cut(**options):
        collate = PatchMaskCollator(Prescribed(masks), 1, truncate=rule, seed=1, **options)
        return collate(list(torch.zeros(64, 12, 200)))

    assert torch.equal(cut(n_context=shortest).context, cut().context)
    fewer = cut(n_context=shortest - 5).context
    assert fewer.shape == (64, shortest - 5)
    assert not (Masks.from_indices(fewer, fewer[:, :0], n_patches=200).context & ~context).any()


def test_what_a_given_length_drops_is_counted_as_ignored():
    batch = fixed(n_context=2, n_target=50, truncate="first", seed=3)
    counts = batch.context[:, 0] // 10
    for record in range(64):
        summary = describe(batch, record=record, n_patches=100)
        assert (summary.n_context, summary.n_target) == (2, 50)
        # Before, context and target made up the first 70 patches and one for each of the context.
        assert summary.n_ignored == 48
    assert counts.min() >= 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"n_context": 7},
            r"for record \d+ of the batch that fit n_context=7 in 1000 draws, the last with \d "
            r"context tokens and targets of \d+; lower it",
        ),
        ({"n_target": 71}, "that fit n_target=71 in 1000 draws"),
        ({"n_context": 2, "n_target": 71}, "that fit n_context=2 and n_target=71 in"),
        (
            {"n_target": 60, "truncate": "never"},
            'that fit n_target=60 .* raise it, since truncate="never" drops nothing',
        ),
    ],
)
def test_lengths_that_no_record_has_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        fixed(n_records=3, **options)


@pytest.mark.parametrize("name", ["n_context", "n_target"])
@pytest.mark.parametrize(
    ("given", "error", "message"),
    [(0, ValueError, "must be at least 1, not 0"), (2.0, TypeError, "must be a whole number")],
)
@pytest.mark.parametrize(
    "make",
    [IJEPAMaskCollator, lambda **options: PatchMaskCollator(ContextToTarget(), 25, **options)],
)
def test_lengths_that_are_no_counts_are_refused(make, name, given, error, message):
    with pytest.raises(error, match=f"{name} {message}"):
        make(**{name: given})


def test_the_form_of_i_jepa_takes_lengths():
    collate = IJEPAMaskCollator(25, n_context=10, n_target=30)
    for _ in range(5):
        _, (context,), targets = collate(list(torch.zeros(16, 12, 5000)))
        assert context.shape == (16, 10)
        assert {target.shape for target in targets} == {(16, 30)}
    other = PatchMaskCollator(ContextToTarget(), 25, n_context=10, n_target=30, seed=2)
    same = IJEPAMaskCollator(25, n_context=10, n_target=30, seed=2)
    records = list(torch.zeros(16, 12, 5000))
    assert torch.equal(same(records).context[0], other(records).context)


def test_ranks_that_are_given_lengths_need_not_know_how_many_they_are():
    records = list(torch.zeros(8, 12, 5000))
    given = {"n_context": 10, "n_target": 30, "seed": 2, "rank": 1}
    alone = PatchMaskCollator(ContextToTarget(), 25, **given)(records)
    among = PatchMaskCollator(ContextToTarget(), 25, **given, world_size=64)(records)
    assert torch.equal(alone.context, among.context)
    with pytest.raises(ValueError, match=r"rank=1 needs world_size: .* told with n_context="):
        PatchMaskCollator(ContextToTarget(), 25, seed=2, rank=1, n_context=10)
