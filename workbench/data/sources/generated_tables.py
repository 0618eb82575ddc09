"""Small tables that are made on the spot, one lesson each: house prices, loans, study hours, XOR."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from workbench.data.source import NO_SPLIT, DatasetSource, Emit, Samples
from workbench.data.tables.row_names import RowNames
from workbench.data.tables.rows import no_picture
from workbench.experiment import DatasetSection
from workbench.i18n import mark
from workbench.registry import Registry
from workbench.section import setting
from workbench.specs import ClassTarget, Column, TableInput, TargetSpec, ValuesTarget


class GeneratedTableSection(DatasetSection):
    """What all generated tables have."""

    count: int = setting(400, title=mark("Count"), unit="rows", help=mark("Rows in all."), ge=10, le=1_000_000)
    noise: float = setting(
        0.1, title=mark("Noise"), ge=0, le=1,
        help=mark("0: the target follows from the features. 1: chance weighs as much as they do."),
    )  # fmt: skip
    seed: int = setting(0, title=mark("Seed"), help=mark("The same seed gives the same rows."), ge=0, le=2**31 - 1)


class HousePricesSection(GeneratedTableSection):
    """How many houses, and what is wrong with the list."""

    name: Literal["house_prices"] = "house_prices"
    missing: float = setting(
        0.0, title=mark("Missing"), help=mark("Share of the features that have no value."), ge=0, le=0.5
    )
    outliers: float = setting(
        0.0, title=mark("Outliers"), help=mark("Share of the houses whose area is ten times too large."), ge=0, le=0.1
    )


class LoansSection(GeneratedTableSection):
    """How many applications."""

    name: Literal["loans"] = "loans"


class StudyHoursSection(GeneratedTableSection):
    """How many students."""

    name: Literal["study_hours"] = "study_hours"


class XorSection(GeneratedTableSection):
    """How many points."""

    name: Literal["xor"] = "xor"


@dataclass(frozen=True)
class _Rows:
    """A table that was made: features (n, columns) and what is to be learned of them."""

    values: np.ndarray
    targets: np.ndarray


class GeneratedTable(DatasetSource):
    """Base: rows from a seed; nothing is stored."""

    input_kind = TableInput.kind
    columns: ClassVar[tuple[Column, ...]]
    target: ClassVar[TargetSpec]

    def target_kind(self, section: GeneratedTableSection) -> str:
        """Always the same."""
        return self.target.kind

    def preprocessing(self, section: GeneratedTableSection) -> dict[str, Any]:
        """Nothing that is not usual."""
        return {}

    def open(self, section: GeneratedTableSection, emit: Emit) -> Samples:
        """Make the rows."""
        rows = self.rows(section, np.random.default_rng(section.seed))
        values = rows.values.astype(np.float32)
        return Samples(
            names=RowNames(np.arange(1, section.count + 1)),
            targets=rows.targets,
            target=self.target,
            ready_split=np.full(section.count, NO_SPLIT, np.int8),
            read=no_picture,
            fingerprint=f"{self.name} 1 {section.model_dump_json()}",
            columns=TableInput(self.columns),
            values=values,
        )

    @abstractmethod
    def rows(self, section: Any, random: np.random.Generator) -> _Rows:
        """The features, and int64 classes (n,) or float32 values (n, 1)."""

    def reader_code(self, section: GeneratedTableSection) -> str:
        """By this module: how the rows are drawn is not worth repeating in a script."""
        names = type(section).__name__, type(self).__name__
        settings = ", ".join(f"{key}={value!r}" for key, value in section.model_dump().items() if key != "name")
        return f'''\
def read_dataset(channels=0):
    """The generated rows, their targets and the names of the classes, if any."""
    from workbench.data.sources.generated_tables import {names[0]}, {names[1]}

    samples = {names[1]}().open({names[0]}({settings}), lambda event: None)
    return samples.values, samples.targets, list(getattr(samples.target, "class_names", ()))
'''


class HousePricesSource(GeneratedTable):
    """A straight relation of two features, with a unit."""

    name = "house_prices"
    title = mark("House prices")
    help = mark("Generated: the price of a house by its area and rooms. Missing values and outliers on request.")
    section = HousePricesSection
    columns = (
        Column("area", "m²", (), 110.0, 30.0, 200.0),
        Column("rooms", "", (), 4.0, 1.0, 8.0),
    )
    target = ValuesTarget(("price",), ("USD",))

    def rows(self, section: HousePricesSection, random: np.random.Generator) -> _Rows:
        """1,800 a square metre and 9,000 a room on a lot of 25,000; areas to the tenth, prices to the hundred."""
        area = np.round(random.uniform(30, 200, section.count), 1)
        rooms = np.clip(np.round(area / 27 + random.normal(0, 0.9, section.count)), 1, 8)
        price = 25_000 + 1_800 * area + 9_000 * rooms
        price += section.noise * 90_000 * random.standard_normal(section.count)
        values = np.stack([area, rooms], axis=1)
        strange = random.random(section.count) < section.outliers
        values[strange, 0] *= 10
        values[random.random(values.shape) < section.missing] = np.nan
        return _Rows(values, np.round(price, -2).astype(np.float32)[:, None])


class LoansSource(GeneratedTable):
    """Two classes that a straight line divides."""

    name = "loans"
    title = mark("Loans")
    help = mark("Generated: whether a loan is approved, by salary and years of work.")
    section = LoansSection
    columns = (
        Column("salary", "k$", (), 70.0, 20.0, 120.0),
        Column("years of work", "years", (), 6.0, 0.0, 12.0),
    )
    target = ClassTarget(("refused", "approved"))

    def rows(self, section: LoansSection, random: np.random.Generator) -> _Rows:
        """Approved where the salary in steps of 20 and the years in steps of 3 outweigh their middles."""
        salary = np.round(random.uniform(20, 120, section.count), 1)
        years = np.round(random.uniform(0, 12, section.count), 1)
        score = (salary - 70) / 20 + (years - 6) / 3
        return _Rows(np.stack([salary, years], axis=1), _two_classes(score, section.noise, random))


class StudyHoursSource(GeneratedTable):
    """Two classes; one feature matters more than the other."""

    name = "study_hours"
    title = mark("Study hours")
    help = mark("Generated: who passes an exam, by hours of study and of sleep.")
    section = StudyHoursSection
    columns = (
        Column("study", "h", (), 5.0, 0.0, 10.0),
        Column("sleep", "h", (), 7.0, 3.0, 10.0),
    )
    target = ClassTarget(("fail", "pass"))

    def rows(self, section: StudyHoursSection, random: np.random.Generator) -> _Rows:
        """An hour of study counts twice as much as one of sleep."""
        study = np.round(random.uniform(0, 10, section.count), 1)
        sleep = np.round(np.clip(random.normal(7, 1.3, section.count), 3, 10), 1)
        score = ((study - 5) + 0.5 * (sleep - 7)) / 2
        return _Rows(np.stack([study, sleep], axis=1), _two_classes(score, section.noise, random))


class XorSource(GeneratedTable):
    """Two classes that no straight line divides."""

    name = "xor"
    title = mark("XOR")
    help = mark(
        "Generated: points round the corners of a square, opposite ones of the same class. No line divides them."
    )
    section = XorSection
    architecture = "mlp"  # a single layer cannot do it
    columns = (Column("x1", "", (), 0.5, 0.0, 1.0), Column("x2", "", (), 0.5, 0.0, 1.0))
    target = ClassTarget(("0", "1"))

    def rows(self, section: XorSection, random: np.random.Generator) -> _Rows:
        """As many points at each corner, in turn."""
        corners = np.stack([np.arange(section.count) // 2 % 2, np.arange(section.count) % 2], axis=1)
        values = corners + section.noise * random.standard_normal(corners.shape)
        return _Rows(values, (corners[:, 0] ^ corners[:, 1]).astype(np.int64))


def _two_classes(score: np.ndarray, noise: float, random: np.random.Generator) -> np.ndarray:
    """1 where the score, about as wide as a standard normal, is positive in spite of the noise."""
    return (score + noise * random.logistic(0, 1, len(score)) > 0).astype(np.int64)


def register(registry: Registry) -> None:
    """Called once by the registry."""
    for source in (HousePricesSource(), LoansSource(), StudyHoursSource(), XorSource()):
        registry.datasets.add(source)
