"""The JSON that the service gives: what ``mien predict --json`` prints, as types that OpenAPI shows."""

from pydantic import BaseModel, Field


class FaceValues(BaseModel):
    """A face and the expression it shows."""

    box_xyxy: tuple[float, float, float, float] = Field(description="Left, top, right, bottom, in pixels of the upright picture.")
    landmarks_xy: list[tuple[float, float]] = Field(description="The person's right eye, left eye, nose tip, mouth centre.")
    detection_confidence: float = Field(description="The detector's own score in 0..1.")
    expression: str = Field(description="The label with the highest score.")
    probability: float = Field(description="The score of `expression`, calibrated.")
    uncertain: bool = Field(description="Whether the probability is below the model's threshold.")
    scores: dict[str, float] = Field(description="Every label's probability; they sum to 1.")


class PictureValues(BaseModel):
    """The faces of a picture."""

    source: str = Field(description="The name it was sent with, or `upload`.")
    width: int = Field(description="Of the upright picture, in pixels.")
    height: int
    faces: list[FaceValues] = Field(description="The surest detection first; no face is an empty list.")


class PictureError(BaseModel):
    """A picture that could not be read."""

    source: str
    error: str


class Prediction(BaseModel):
    """The answer to one picture, shaped like `mien predict --json`."""

    mien: str = Field(description="Version.")
    model: str
    results: list[PictureValues]
    errors: list[PictureError]


class FileValues(BaseModel):
    """One model file of a bundle."""

    name: str
    bytes: int
    sha256: str
    accuracy: dict[str, float] = Field(description="`dataset/split` to accuracy in 0..1, from the card.")


class ModelValues(BaseModel):
    """A model that is served."""

    name: str
    labels: list[str]
    files: list[FileValues]
    default: bool
    parameters: int
    license: str
    intended_use: str
    limits: str


class Models(BaseModel):
    """All models that are served."""

    models: list[ModelValues]


class Health(BaseModel):
    """Sign of life."""

    status: str
    mien: str


class Problem(BaseModel):
    """Why a request was refused, and what would be accepted."""

    error: str
    request_id: str
