"""What an estimator says about itself: explanation, report, and how it looks in a notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from motifnet.bundle import FittedModel
from motifnet.engine import UsageError
from motifnet.estimators._evidence import evidence_of_table
from motifnet.estimators._finished import check_is_fitted
from motifnet.explain import Evidence, Explanation, centres_of, explain
from motifnet.profiling import Profile
from motifnet.report import Report, check_target, make_report
from motifnet.tables import as_table


class Explained:
    """The part of an estimator that explains it; `_evidence` is what the fit kept in memory, None after loading."""

    model_: FittedModel
    _evidence: Evidence | None = None

    def explain(self, X: Any = None, y: Any = None) -> Explanation:
        """What the network does with its columns, and where it errs.

        Parameters
        ----------
        X : table with the columns of the fit, optional
            Rows to explain the model by. By default those of the fit, with their out-of-fold predictions; a loaded model has no targets any more and
            takes the rows that the network carries as centres.
        y : column with shape (n,), optional
            Targets of X. Rows that the fit has seen are recognised and not scored: their errors would be too good.

        Returns
        -------
        Explanation
            ``effects`` (accumulated local effects, and partial dependence of levels, with the standard error of the average over rows),
            ``importances`` (permutation importance on held-out rows, and the share of the network's variance), ``interactions`` of pairs, ``rows``
            (outside the data, or near-duplicates, by the distance that was trained), ``groups`` (error and coverage of subgroups) and ``leakage``.

        Raises
        ------
        UsageError
            Where X is not given and the model carries no rows, or y is given without X.
        """
        rows = self._rows_for(X, y)
        return explain(self.model_, rows)

    def report(self, path: str | Path | None = None, X: Any = None, y: Any = None, *, overwrite: bool = False) -> Report:
        """The report of the model: verdict, network, errors, effects, calibration, findings, certificate and how to repeat it.

        Written to `path` as HTML, Markdown or JSON by its suffix (.html, .md, .json), in one file that needs no network; `print` shows it as text,
        a notebook as HTML. X and y as in `explain`. UsageError, before the work, where the suffix is another one, or where the file is there and
        `overwrite` is not set.
        """
        check_is_fitted(self)
        if path is not None:
            check_target(path, overwrite=overwrite)
        try:
            evidence = self._rows_for(X, y)
        except UsageError:
            if X is not None or y is not None:
                raise
            evidence = None
        report = make_report(self.model_, evidence, profile=self._profile)
        if path is not None:
            report.write(path, overwrite=overwrite)
        return report

    def _rows_for(self, X: Any, y: Any) -> Evidence:
        check_is_fitted(self)
        if X is not None:
            return evidence_of_table(self.model_, as_table(X, schema=self.model_.schema), y)
        if y is not None:
            raise UsageError("y was passed without X. Pass the rows that y belongs to, or leave out both.")
        return self._evidence if self._evidence is not None else centres_of(self.model_)

    @property
    def _profile(self) -> Profile | None:
        return getattr(self, "profile_", None)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        """Fitted: verdict, ledger and network; else scikit-learn's picture."""
        if not hasattr(self, "model_"):
            return super()._repr_mimebundle_(**kwargs)  # type: ignore[misc]
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    def _repr_html_(self) -> str:
        """HTML for a notebook."""
        if not hasattr(self, "model_"):
            return super()._repr_html_()  # type: ignore[misc]
        return make_report(self.model_, None, profile=self._profile)._repr_html_()
