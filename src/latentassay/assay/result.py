"""What an assay returns: findings, scores and figures that can be kept, read again and shown."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from latentassay.core.errors import CheckpointError
from latentassay.core.findings import LEVELS, Finding, Score, Section
from latentassay.core.storage import kind_of, replacing, write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMAT = "latentassay-assay-1"
MEND = "Run the assay again and save it anew."


@dataclass(frozen=True)
class Assay:
    """Findings about one model on one data set, with all their evidence.

    Attributes:
        sections: one per question, in the order asked.
        meta: model, data, samples, seed, versions, times.
    """

    sections: tuple[Section, ...]
    meta: Mapping[str, Any] = field(default_factory=dict)

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
        return f"{'; '.join(briefs)}."

    def __str__(self) -> str:
        lines = [f"{finding.level:>8}  {finding.sentence}" for finding in self.findings]
        return "\n".join([f"{self.meta.get('model')} on {self.meta.get('data')}: {self.summary}", *lines])

    def figures(self) -> "dict[str, Figure]":
        """Draw every figure anew from the evidence."""
        from latentassay.report import figures

        return figures(self.sections)

    def to_html(self, path: str | Path | None = None) -> str:
        """Return the report as one self-contained HTML page, and write it to ``path`` if one is given."""
        from latentassay.report import render

        title = f"{self.meta.get('model')} on {self.meta.get('data')}"
        page = render(title, self.sections, {**self.meta, "summary": self.summary})
        if path is not None:
            write_whole(Path(path), page.encode())
        return page

    def save(self, path: str | Path) -> None:
        """Write everything to one safetensors file, its JSON part in the header, with a sha256 over both."""
        arrays = {f"{s.key}/{name}": np.ascontiguousarray(a) for s in self.sections for name, a in s.arrays.items()}
        facts = json.dumps({"meta": dict(self.meta), "sections": [_facts(s) for s in self.sections]})
        metadata = {"format": FORMAT, "facts": facts, "sha256": _digest(facts, arrays)}
        with replacing(Path(path)) as part:
            part.write_bytes(save(arrays, metadata))

    @classmethod
    def load(cls, path: str | Path) -> "Assay":
        """Read what ``save`` wrote.

        Raises:
            CheckpointError: the file is missing, truncated, altered or of another kind.
        """
        path = Path(path)
        try:
            payload = path.read_bytes()
            arrays, metadata = load(payload), _header(payload)
            facts = json.loads(metadata["facts"])
            if metadata["format"] != FORMAT or metadata["sha256"] != _digest(metadata["facts"], arrays):
                raise CheckpointError(path, "was altered, or is of another version of this format", MEND)
            return cls(tuple(_section(s, arrays) for s in facts["sections"]), facts["meta"])
        except OSError as error:
            raise CheckpointError(path, f"cannot be read: {error.strerror or error}", "Check the path.") from error
        except (SafetensorError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise CheckpointError(path, kind_of(payload[:512]) or "is no saved assay, or is truncated", MEND) from error


def _facts(section: Section) -> dict[str, Any]:
    facts = asdict(Section(section.key, section.title, section.question, section.scores, section.findings))
    return {**facts, "details": dict(section.details), "arrays": sorted(section.arrays)}


def _section(facts: dict[str, Any], arrays: dict[str, np.ndarray]) -> Section:
    return Section(
        facts["key"],
        facts["title"],
        facts["question"],
        tuple(Score(**score) for score in facts["scores"]),
        tuple(Finding(**{**finding, "scores": tuple(finding["scores"])}) for finding in facts["findings"]),
        {name: arrays[f"{facts['key']}/{name}"] for name in facts["arrays"]},
        facts["details"],
    )


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
