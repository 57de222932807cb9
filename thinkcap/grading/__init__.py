"""The answer in a solution, and whether it is right.

Answers come from a model, so they are data: nothing here evaluates them, and what needs algebra is compared in worker
processes that can be killed. Importing this package brings neither sympy nor math-verify.
"""

from thinkcap.grading.equivalence import equivalent
from thinkcap.grading.extract import answer_in
from thinkcap.grading.grader import Grader, Verdict

__all__ = ["Grader", "Verdict", "answer_in", "equivalent"]
