"""Records in JSON files, read strictly, because a file may have been altered; brings pydantic."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from latentassay.core.errors import FileError
from latentassay.core.storage import kind_of

Record = TypeVar("Record", bound=BaseModel)


class StrictRecord(BaseModel):
    """A record whose fields have exactly the types they say, and no others beside them."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


def parse_record(
    kind: type[Record], payload: bytes, path: Path, *, name: str, fix: str, error: type[FileError] = FileError
) -> Record:
    """Return the record that the contents of a file are.

    Args:
        kind: of the record.
        payload: the contents.
        path: the file, for the message.
        name: what it should be, such as ``"manifest of a run"``.
        fix: what to do if it is not.
        error: what is raised then.

    Raises:
        FileError: it is no JSON, or of another form; names the first field that is wrong.
    """
    try:
        return kind.model_validate_json(payload)
    except ValidationError as refusal:
        first = refusal.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        cause = kind_of(payload[:512]) or f"is no {name} ({where}: {first['msg']})"
        raise error(path, cause, fix) from refusal
