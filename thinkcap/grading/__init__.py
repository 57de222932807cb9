"""The answer in a solution, whether it is right, and what a majority of answers says.

Answers come from a model, so they are data: nothing here evaluates them, and what needs algebra is compared in worker
processes that can be killed. Importing this package brings neither sympy nor math-verify.
"""

from thinkcap.grading.extract import answer_in
from thinkcap.grading.grader import Grader, Verdict, equivalent
from thinkcap.grading.majority import Vote, vote

__all__ = ["Grader", "Verdict", "Vote", "answer_in", "equivalent", "vote"]
