"""What an assay returns: findings, scores and figures that can be kept, read again and shown."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from latentassay.assay.evidence import pack, unpack
from latentassay.assay.finding_json import findings_json, pack_finding, unpack_finding
from latentassay.assay.question import Question, known_questions
from latentassay.core.errors import CheckpointError
from latentassay.core.findings import LEVELS, Finding, Meta, Score, Section
from latentassay.core.storage import kind_of, read_whole, replacing, write_whole
from latentassay.core.text import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMAT = "latentassay-assay-3"

EARLIER = ("latentassay-assay-1", "latentassay-assay-2")
"""Formats of earlier versions, which held arrays under names of their own, and findings without subjects."""

FIX = "Run the assay again and save it anew."


@dataclass(frozen=True)
class Assay:
    """Findings about one model on one data set, with all their evidence.

    Attributes:
        sections: one per question, in the order asked.
        meta: what was questioned, and how.
        model: the model itself, for ``la.explore``; ``None`` of an assay from a file or another process.
    """

    sections: tuple[Section, ...]
    meta: Meta
    model: Any = field(default=None, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        """All but the model, which other processes have no use for and may not be able to take."""
        return {**vars(self), "model": None}

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding; problems first, then warnings, then what is good, then notes."""
        found = [finding for section in self.sections for finding in section.findings]
        return tuple(sorted(found, key=lambda finding: LEVELS.index(finding.level)))

    @property
    def scores(self) -> dict[str, Score]:
        """Every score by its name."""
        return {score.name: score for section in self.sections for score in section.scores}

    @property
    def summary(self) -> str:
        """The assay in one sentence, e.g. "6 of 10 units are alive; units 3 and 5 form one variable; …"."""
        briefs = [finding.brief for section in self.sections for finding in section.findings if finding.brief]
        return f"{'; '.join(briefs)}." if briefs else f"{self._counts}."

    @property
    def _counts(self) -> str:
        """How many findings there are of every level, where none is decisive enough for a sentence."""
        levels = [finding.level for finding in self.findings]
        counted = [f"{levels.count(level)} {level}" for level in LEVELS if level in levels]
        return f"nothing decisive was found: {', '.join(counted) or 'no question applied'}"

    def __getitem__(self, key: str) -> Section:
        """The section of a question by its key.

        Raises:
            KeyError: that question was not asked, does not apply, or found nothing.
        """
        return {section.key: section for section in self.sections}[key]

    def __str__(self) -> str:
        lines = [f"{finding.level:>8}  {finding.sentence}" for finding in self.findings]
        return printable("\n".join([f"{self.meta.model} on {self.meta.data}: {self.summary}", *lines]))

    def figures(self) -> "dict[str, Figure]":
        """Draw every figure anew from the evidence, by key such as ``"responses.matrix"``."""
        from latentassay.report import figures

        return figures(self.sections)

    def to_html(self, path: str | Path | None = None) -> str:
        """Return the report as one self-contained HTML page, and write it to ``path`` if one is given."""
        from latentassay.report import render

        page = render(self.sections, self.meta, summary=self.summary)
        if path is not None:
            write_whole(Path(path), page.encode())
        return page

    def to_json(self, path: str | Path | None = None) -> str:
        """Return findings and scores as JSON (schema: ``latentassay.assay.finding_json``), and write it to ``path``.

        >>> import json, torch, latentassay as la
        >>> model = la.from_torch(lambda x: x, lambda z: z, latent_shape=(2,))
        >>> found = json.loads(la.assay(model, torch.randn(64, 2), questions="units", samples=64).to_json())
        >>> found["findings"][0]["key"], found["findings"][0]["subjects"]
        ('units.alive', ['0', '1'])
        """
        text = findings_json(self.sections, self.meta)
        if path is not None:
            write_whole(Path(path), text.encode())
        return text

    def save(self, path: str | Path) -> None:
        """Write everything to one safetensors file, its JSON part in the header, with a sha256 over both."""
        packed = {s.key: ({}, None) if s.evidence is None else pack(s.evidence) for s in self.sections}
        arrays = {f"{key}/{name}": array for key, (own, _) in packed.items() for name, array in own.items()}
        sections = [_facts_of(section, packed[section.key][1]) for section in self.sections]
        facts = json.dumps({"meta": asdict(self.meta), "sections": sections})
        metadata = {"format": FORMAT, "facts": facts, "sha256": _digest(facts, arrays)}
        # Written beside and renamed, so that whoever looks finds the old file or the new one, never half of it.
        with replacing(Path(path)) as part:
            part.write_bytes(save(arrays, metadata))

    @classmethod
    def load(cls, path: str | Path, *, questions: Iterable[Question[Any]] = ()) -> "Assay":
        """Read what ``save`` wrote.

        Args:
            path: the file.
            questions: your own, if the assay asked them: their evidence is read as what they declare.

        Raises:
            CheckpointError: the file is missing, truncated, altered, of another kind or of an earlier version, or
                holds evidence of a question that is not known.
        """
        path, known = Path(path), {question.key: question for question in (*known_questions(), *questions)}
        payload = read_whole(path, "Check the path.", CheckpointError)
        try:
            arrays, metadata = load(payload), _header(payload)
            facts = json.loads(metadata["facts"])
            if metadata["format"] in EARLIER:
                raise CheckpointError(path, "was saved by an earlier version of latentassay", FIX)
            if metadata["format"] != FORMAT or metadata["sha256"] != _digest(metadata["facts"], arrays):
                raise CheckpointError(path, "was altered, or is of another version of this format", FIX)
            sections = tuple(_section(section, arrays, known, path) for section in facts["sections"])
            return cls(sections, _meta(facts["meta"]))
        except (SafetensorError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise CheckpointError(path, kind_of(payload[:512]) or "is no saved assay, or is truncated", FIX) from error


def _facts_of(section: Section, evidence: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "key": section.key,
        "title": section.title,
        "question": section.question,
        "scores": [asdict(score) for score in section.scores],
        "findings": [pack_finding(finding) for finding in section.findings],
        "seconds": section.seconds,
        "caveat": section.caveat,
        "evidence": evidence,
    }


def _section(
    facts: dict[str, Any], arrays: Mapping[str, np.ndarray], known: Mapping[str, Question[Any]], path: Path
) -> Section:
    key, evidence = facts["key"], facts["evidence"]
    if evidence is not None and key not in known:
        raise CheckpointError(path, f"holds evidence of the question {key!r}", "Say questions=[…] to Assay.load.")
    section = Section(
        key=key,
        title=facts["title"],
        question=facts["question"],
        scores=tuple(Score(**score) for score in facts["scores"]),
        findings=tuple(map(unpack_finding, facts["findings"])),
        seconds=facts["seconds"],
        caveat=facts["caveat"],
    )
    if evidence is None:
        return section
    start = f"{key}/"
    own = {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}
    record = unpack(known[key].evidence, own, evidence)
    return replace(section, evidence=record, figures=known[key].figures)


def _meta(facts: dict[str, Any]) -> Meta:
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in facts.items()}
    return Meta(**fields)


def _header(payload: bytes) -> dict[str, str]:
    """Read the metadata of a safetensors file that ``load`` has already accepted."""
    length = int.from_bytes(payload[:8], "little")
    metadata: dict[str, str] = json.loads(payload[8 : 8 + length])["__metadata__"]
    return metadata


def _digest(facts: str, arrays: Mapping[str, np.ndarray]) -> str:
    digest = hashlib.sha256(facts.encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
