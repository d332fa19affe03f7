"""One YAML, one business: the table of contents of the settings, and how a wrong one is refused."""

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args
from zoneinfo import available_timezones

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from hvc_ml.errors import ConfigError
from hvc_ml.estimators.settings import ModelSettings
from hvc_ml.evaluation.settings import SliceSettings
from hvc_ml.features.feature import FAMILIES
from hvc_ml.features.settings import FeatureSettings
from hvc_ml.labels import LabelSettings
from hvc_ml.monitoring.settings import MonitorSettings
from hvc_ml.planning.playbook import ListSettings, Playbook
from hvc_ml.population import PopulationSettings
from hvc_ml.search.settings import SearchSettings
from hvc_ml.segments.settings import DEFAULT_TIERS, ProfileSettings, TierRule
from hvc_ml.settings import Settings, read_yaml
from hvc_ml.tables.mapping import TableMapping
from hvc_ml.tables.resources import Resources
from hvc_ml.tables.schema import SCHEMAS, TableName
from hvc_ml.tables.sources import Source
from hvc_ml.timeline.calendar import CalendarSettings
from hvc_ml.tracking.settings import Tracking

SECRETS: Final = (("source", "url"), ("tracking", "uri"))
"""The only places where ``${env:NAME}`` is replaced."""

_ENV = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}")
_PASSWORD = re.compile(r"://[^/@:]*:(?!\$\{env:)[^/@]+@")


class TableMappings(Settings):
    """How your tables become ours. Only orders are required."""

    orders: TableMapping
    customers: TableMapping | None = None
    events: TableMapping | None = None
    contracts: TableMapping | None = None
    touches: TableMapping | None = None

    def present(self) -> dict[TableName, TableMapping]:
        """The tables that are mapped."""
        found = ((name, getattr(self, name)) for name in SCHEMAS)
        return {name: mapping for name, mapping in found if mapping is not None}


class Config(Settings):
    """One business."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _-]{0,63}$")
    """Name of the business: MLflow's experiment and registered model."""
    timezone: str = "UTC"
    """IANA time zone whose midnights are cutoffs, such as Europe/Berlin."""
    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$")
    """ISO 4217 code of the orders' currency."""
    source: Source
    tables: TableMappings
    population: PopulationSettings = PopulationSettings()
    labels: LabelSettings = LabelSettings()
    calendar: CalendarSettings = CalendarSettings()
    features: FeatureSettings = FeatureSettings()
    tiers: tuple[TierRule, ...] = Field(default=DEFAULT_TIERS, min_length=1)
    profile: ProfileSettings = ProfileSettings()
    slices: SliceSettings = SliceSettings()
    model: ModelSettings = ModelSettings()
    search: SearchSettings = SearchSettings()
    playbook: Playbook = Playbook()
    list: ListSettings = ListSettings()
    monitor: MonitorSettings = MonitorSettings()
    tracking: Tracking = Tracking()
    resources: Resources = Resources()

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if zone not in available_timezones():
            near = difflib.get_close_matches(zone, available_timezones(), n=1)
            hint = f"; the nearest is {near[0]}" if near else ""
            message = f"no such IANA time zone{hint}"
            raise ValueError(message)
        return zone

    @field_validator("tiers")
    @classmethod
    def _rising(cls, tiers: tuple[TierRule, ...]) -> tuple[TierRule, ...]:
        shares = [t.share for t in tiers]
        if sorted(set(shares)) != shares or shares[-1] != 1.0:
            message = "cumulative shares must rise, and the last must be 1.0"
            raise ValueError(message)
        if len({t.name for t in tiers}) != len(tiers):
            message = "each tier needs a name of its own"
            raise ValueError(message)
        return tiers

    @property
    def contact_columns(self) -> dict[str, str]:
        """Where the config names an attribute that steers contacts -> it; models do not learn from these."""
        asked = {"list.consent": self.list.consent, "list.owner": self.list.owner}
        asked |= {f"playbook: birthday of action {a.name!r}": a.birthday for a in self.playbook.actions}
        return {where: name for where, name in asked.items() if name is not None}

    @model_validator(mode="after")
    def _contact_columns_are_mapped(self) -> "Config":
        mapped = self.tables.customers.columns if self.tables.customers else {}
        missing = [
            f"{where}: tables.customers.columns has no {name!r}"
            for where, name in (*self.contact_columns.items(), *(("slices.by", name) for name in self.slices.by))
            if name not in mapped
        ]
        if missing:
            raise ValueError("; ".join(missing))
        return self

    @model_validator(mode="after")
    def _contracts_where_needed(self) -> "Config":
        if self.labels.churn == "contract_end" and self.tables.contracts is None:
            message = "labels.churn: contract_end needs tables.contracts"
            raise ValueError(message)
        names = {t.name for t in self.tiers}
        for action in self.playbook.actions:
            unknown = sorted(set(action.tiers or ()) - names)
            if unknown:
                message = f"playbook: action {action.name!r} names tiers that tiers does not: {', '.join(unknown)}"
                raise ValueError(message)
            strange = sorted(set(action.families or ()) - set(FAMILIES))
            if strange:
                message = f"playbook: action {action.name!r}: no such family: {', '.join(strange)}"
                raise ValueError(message)
        return self


@dataclass(frozen=True)
class Project:
    """A config and where its files lie."""

    config: Config
    path: Path

    @property
    def folder(self) -> Path:
        """What paths in the config are relative to."""
        return self.path.parent

    @property
    def features(self) -> Path:
        """The panel."""
        return self.folder / "features"

    @property
    def models(self) -> Path:
        """MLflow's database and artifacts."""
        return self.folder / "models"

    @property
    def lists(self) -> Path:
        """Retention lists."""
        return self.folder / "lists"

    @property
    def campaigns(self) -> Path:
        """Imported contacts, what was measured, and what was learned from it; private."""
        return self.folder / "campaigns"

    @property
    def forgotten(self) -> Path:
        """Receipts of customers who were forgotten; private."""
        return self.folder / "forgotten"

    @property
    def register(self) -> Path:
        """Keyed hashes of customers who were forgotten, so that no run takes them in again; private."""
        return self.forgotten / "register.json"

    @property
    def monitoring(self) -> Path:
        """The ledger of past lists and its chart: figures of many customers, and no customer."""
        return self.folder / "monitor"

    @property
    def state(self) -> Path:
        """Locks, rejected rows and crash reports; private."""
        return self.folder / ".hvc-ml"

    @property
    def rows(self) -> Path:
        """Rows of settled files, kept between runs where ``source.settled_after`` asks for it; private."""
        return self.state / "rows"


def load_config(path: Path) -> Project:
    """Read and check a configuration.

    Parameters
    ----------
    path
        The YAML file, or a folder that holds an ``hvc.yaml``.

    Raises
    ------
    ConfigError
        Naming every mistake at once: where, what was expected, what was found, and the nearest name.
    """
    path = path / "hvc.yaml" if path.is_dir() else path
    document = _with_secrets(read_yaml(path), path)
    try:
        config = Config.model_validate(document)
    except ValidationError as error:
        mistakes = [_mistake(e) for e in error.errors(include_url=False)]
        raise ConfigError(
            f"{path}: {len(mistakes)} mistake{'s' * (len(mistakes) > 1)}: {'; '.join(mistakes)}"
        ) from None
    return Project(config, path.resolve())


def _with_secrets(document: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Replace ``${env:NAME}`` where secrets belong, and refuse it elsewhere."""
    mistakes: list[str] = []

    def replaced(value: Any, where: tuple[str, ...]) -> Any:
        if isinstance(value, dict):
            return {k: replaced(v, (*where, str(k))) for k, v in value.items()}
        if isinstance(value, list):
            return [replaced(v, (*where, str(i))) for i, v in enumerate(value)]
        if not isinstance(value, str):
            return value
        if where in SECRETS and _PASSWORD.search(value):
            mistakes.append(f"{'.'.join(where)}: holds a password; put the URL into a variable and write ${{env:NAME}}")
        if "${env:" not in value:
            return value
        if where not in SECRETS:
            allowed = " and ".join(".".join(s) for s in SECRETS)
            mistakes.append(f"{'.'.join(where)}: ${{env:NAME}} is for secrets only ({allowed})")
            return value
        mistakes.extend(
            f"{'.'.join(where)}: the environment variable {name} is not set"
            for name in _ENV.findall(value)
            if name not in os.environ
        )
        return _ENV.sub(lambda m: os.environ.get(m[1], ""), value)

    found: dict[str, Any] = replaced(dict(document), ())
    if mistakes:
        raise ConfigError(f"{path}: {'; '.join(mistakes)}")
    return found


def _mistake(error: Any) -> str:
    """One mistake in words: where, expected, found."""
    where = tuple(str(p) for p in error["loc"])
    place = ".".join(where) or "the file"
    if error["type"] == "extra_forbidden":
        return f"{place}: no such key{_nearest(where)}"
    if error["type"] == "missing":
        return f"{place}: is required and not there"
    message = error["msg"].removeprefix("Value error, ")
    found = error["input"]
    shown = f" (found {found!r})" if isinstance(found, str | int | float | bool) and where not in SECRETS else ""
    return f"{place}: {message[0].lower()}{message[1:]}{shown}"


def _nearest(where: tuple[str, ...]) -> str:
    names = list(_keys_at(where[:-1]))
    near = difflib.get_close_matches(where[-1], names, n=5, cutoff=0.5)
    near.sort(key=lambda name: sorted(name) != sorted(where[-1]))  # swapped letters are the likeliest slip
    return f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(sorted(names))}"


def _keys_at(where: tuple[str, ...]) -> Iterator[str]:
    """The keys of the settings class at a place of the config."""
    model: type[BaseModel] | None = Config
    for step in where:
        if model is None:
            return
        if step.isdigit():
            continue
        annotation = model.model_fields[step].annotation if step in model.model_fields else None
        model = next(_models_in(annotation), None)
    if model is not None:
        yield from model.model_fields


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)
