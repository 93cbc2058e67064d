"""Which atoms and which parts of a measurement carry a match."""

from __future__ import annotations

from acml_core.explain.match import Explanation, explain

__all__ = ["Explanation", "explain"]
