"""Every test starts from the same random state and leaves none behind; one numerical thread, since
tests run side by side.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch


@pytest.fixture(autouse=True)
def _same_start() -> Iterator[None]:
    numpy_state = np.random.get_state()
    torch.set_num_threads(1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        np.random.seed(0)
        yield
    np.random.set_state(numpy_state)


@pytest.fixture
def short_fits(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The preset "fast" with two folds, and trainings and distillations of few steps, for what does
    not depend on what a fit has learned. Slow tests take the whole ones.
    """
    from motifnet.compress._distillation import Distillation
    from motifnet.pipeline import PRESETS
    from tests.shared.short_presets import short, shorter

    if request.node.get_closest_marker("slow") is None:
        monkeypatch.setitem(PRESETS, "fast", short("fast"))
        whole = Distillation.of
        monkeypatch.setattr(Distillation, "of", staticmethod(lambda task: shorter(whole(task))))
