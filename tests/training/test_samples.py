"""What abacus learns from: thoughts that meet the length asked for, cuts, and which tokens are targets."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from random import Random
from statistics import mean

from training import families, samples, scope, vocabulary


def test_targets_are_the_tokens_that_follow() -> None:
    random = Random(1)
    for _ in range(300):
        sample, _ = samples.make_sample(random, samples.ELASTIC)
        assert len(sample.tokens) == len(sample.targets)
        for target, (_, following) in zip(sample.targets, pairwise(sample.tokens), strict=False):
            assert target in (samples.NO_TARGET, following, vocabulary.CLOSE)
        assert sample.targets[-1] == samples.NO_TARGET
        assert sample.tokens[-1] == vocabulary.END


def test_no_token_of_a_prompt_and_no_marker_of_a_cut_is_a_target() -> None:
    random, cuts = Random(2), 0
    for _ in range(300):
        sample, whole = samples.make_sample(random, samples.ELASTIC)
        start = sample.tokens.index(vocabulary.THINK)
        assert set(sample.targets[: start + 1]) == {samples.NO_TARGET}
        close = sample.tokens.index(vocabulary.CLOSE)
        if len(sample) < whole:
            cuts += 1
            assert sample.targets[close - 1] == samples.NO_TARGET
    assert 0.2 < cuts / 300 < 0.5


def test_begun_samples_end_soon_and_show_whether_a_question_is_refused() -> None:
    random, mix = Random(8), replace(samples.READING, begun=1.0)
    no, close, refused, cut = vocabulary.encode(scope.THOUGHT[0])[0], vocabulary.CLOSE, 0, 0
    for _ in range(300):
        sample, length = samples.make_sample(random, mix)
        start = sample.tokens.index(vocabulary.THINK) + 2
        begun = sample.tokens[start:]
        assert length == len(sample)
        assert len(begun) > 0
        refused += begun[0] == no
        cut += begun[0] == close
        if begun[0] == close:
            assert sample.targets[start - 1] == samples.NO_TARGET
            assert sample.targets[start] == begun[1]
        elif sample.targets[start - 1] != samples.NO_TARGET:
            assert len(begun) <= samples.BEGUN
            assert sample.targets[start - 1] == begun[0]
    assert 0.2 < refused / 300 < 0.45
    assert 0.15 < cut / 300 < 0.35


def test_the_twin_sees_the_same_thoughts_whole() -> None:
    elastic, twin = Random(3), Random(3)
    for _ in range(200):
        cut, whole_length = samples.make_sample(elastic, samples.ELASTIC)
        whole, length = samples.make_sample(twin, samples.TWIN)
        assert whole_length == length == len(whole)
        kept = cut.tokens.index(vocabulary.CLOSE)
        assert cut.tokens[:kept] == whole.tokens[:kept]


def test_thoughts_meet_the_length_asked_for() -> None:
    random, deviations = Random(4), []
    for _ in range(400):
        problem = families.training_problem(random)
        for asked in (32, 64, 128, 256, 512):
            if samples.shortest_useful(problem) <= asked <= samples.longest_useful(problem):
                thought = samples.thought_of(problem, asked)
                deviations.append(abs(samples.length_of(thought) / asked - 1))
                assert thought[-1].endswith(problem.answer)
    assert mean(deviations) < 0.08


def test_thoughts_keep_below_the_most_they_may_take() -> None:
    random = Random(5)
    for _ in range(300):
        problem = families.training_problem(random)
        for most in (20, 32, 64, 128, 512):
            for spare in (samples.WHOLE.spare, samples.ELASTIC.spare):
                length = samples.length_of(samples.thought_within(problem, most, spare))
                assert length <= most - int(most * spare)


def test_a_long_sample_is_as_long_as_asked() -> None:
    sample = samples.make_long_sample(Random(6), 5000)
    assert 4800 < len(sample) <= 5000
    assert sample.tokens.count(vocabulary.CLOSE) == 1


def test_texts_out_of_scope_share_no_wording_between_training_and_evaluation() -> None:
    assert not set(scope.TRAINED.questions) & set(scope.HELD_OUT.questions)
    assert not set(scope.TRAINED.foreign) & set(scope.HELD_OUT.foreign)
    random = Random(7)
    assert all(0 < len(scope.ask(random)) <= 2000 for _ in range(500))
    assert all(190 < len(scope.ask(random, long=True)) <= 2000 for _ in range(100))
