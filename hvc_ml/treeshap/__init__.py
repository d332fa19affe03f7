"""Exact TreeSHAP for LightGBM's trees, fast enough to explain every customer.

What is computed
----------------
Path-dependent TreeSHAP is the Shapley value of the game ``v(S) = sum over leaves of value * prod over the distinct
features f on the leaf's path of (o_f if f in S else z_f)``: ``o_f`` is 1 where the row takes every split of ``f`` on
the path and else 0, ``z_f`` is the product of these splits' cover ratios (rows of the child over rows of the parent).
With the multilinear extension of a game (Owen 1972),

    phi_f = integral over t in [0, 1] of  sum over leaves of value (o_f - z_f) prod_{g != f} (t o_g + (1 - t) z_g)  dt.

The integrand is a polynomial in t of degree D - 1, D the most distinct features on a path. Gauss-Legendre quadrature
with ``ceil(D / 2)`` nodes integrates it exactly: no approximation, no sampling, only rounding.

How
---
One walk per tree, depth first, for a block of rows at once. Going down, ``P[q] = prod_g (t_q o_g + (1 - t_q) z_g)``;
at a leaf ``G[q] = w_q value P[q]``; coming back up an edge that splits on f, ``phi_f += sum_q G[q] (o - z) / (t_q o +
(1 - t_q) z)``. As ``o`` is 0 or 1, the factor and the quotient take one of two values, known before any row is seen.
Where a feature splits twice on a path, its later factor takes the place of the earlier one, and the earlier edge's term
is taken back.

- ``model``: reads the text of a model, refuses what is not supported.
- ``codes``: writes rows as small integers by the model's own thresholds, missing values included.
- ``program``: turns trees into steps and constants: everything that does not depend on the rows.
- ``kernel``: runs the steps for a block of rows (Numba).
- ``check``: refuses a text that LightGBM did not write, before LightGBM reads it.
- ``explain``: rows in, contributions out; blocks, threads, the check that they add up.

References
----------
Lundberg et al. (2020), "From local explanations to global understanding with explainable AI for trees", Nature Machine
Intelligence 2, 56-67 (path-dependent TreeSHAP); Yu, Xu, Bifet & Read (2022), "Linear TreeShap", NeurIPS 35 (the
polynomial along a path); Owen (1972), "Multilinear extensions of games", Management Science 18(5), 64-79; "Quadrature
TreeSHAP", arXiv:2605.04497 (Gauss-Legendre nodes in place of polynomial arithmetic).
"""

from hvc_ml.treeshap.check import Damaged, check_model
from hvc_ml.treeshap.explain import Explainer
from hvc_ml.treeshap.model import Unsupported

__all__ = ["Damaged", "Explainer", "Unsupported", "check_model"]
