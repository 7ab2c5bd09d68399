"""The main job: question one model about one data set and turn the numbers into findings."""

from latentassay.assay.interruption import AssayInterrupted
from latentassay.assay.question import Judgement, Question
from latentassay.assay.result import Assay
from latentassay.assay.run import assay

__all__ = ["Assay", "AssayInterrupted", "Judgement", "Question", "assay"]
