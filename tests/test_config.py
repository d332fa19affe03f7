from pathlib import Path

import pytest

from hvc_ml.config import load_config
from hvc_ml.errors import ConfigError

CONFIGS = Path(__file__).parents[1] / "configs"

PLAIN = """
name: shop
source: {kind: files, paths: {orders: orders.csv}}
tables:
  orders:
    columns: {customer_id: c, ordered_at: d, amount: a}
"""


def load(tmp_path, text):
    path = tmp_path / "hvc.yaml"
    path.write_text(text)
    return load_config(path)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda p: p.stem)
def test_every_config_in_the_house_loads(path):
    assert load_config(path).config.name


def test_everything_but_the_orders_has_a_default(tmp_path):
    config = load(tmp_path, PLAIN).config
    assert config.labels.horizon == 90
    assert config.population.active_within == "auto"
    assert [t.name for t in config.tiers] == ["Priority", "Gold", "Mass"]


def test_a_folder_means_the_hvc_yaml_in_it_and_paths_lie_beside_it(tmp_path):
    load(tmp_path, PLAIN)
    project = load_config(tmp_path)
    assert project.folder == tmp_path.resolve()
    assert project.features.parent == project.lists.parent == project.models.parent == tmp_path.resolve()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("lables: {horizon: 90}", "lables: no such key; did you mean 'labels'"),
        ("labels: {horzon: 90}", "labels.horzon: no such key; did you mean 'horizon'"),
        ("labels: {horizon: 0}", "labels.horizon: .*greater than or equal to 1 .*found 0"),
        ("labels: {horizon: soon}", "labels.horizon: .*valid integer.*found 'soon'"),
        ("timezone: Europe/Berln", "timezone: no such IANA time zone; the nearest is Europe/Berlin"),
        ("currency: euro", "currency"),
        ("labels: {churn: contract_end}", "needs tables.contracts"),
        ("tiers: [{name: A, share: 0.9}, {name: B, share: 0.5}]", "tiers: .*must rise"),
        ("tiers: [{name: A, share: 0.5}, {name: A, share: 1.0}]", "name of its own"),
        ("playbook: {actions: [{name: call, tiers: [Platinum]}]}", "Platinum"),
        ("playbook: {actions: [{name: call, families: [rythm]}]}", "no such family: rythm"),
        ("features: {families: [recencies]}", "no such family: recencies"),
        ("features: {kinds: {visits: [visit]}}", "no such role: visits"),
        ("calendar: {every: week}", "calendar.every"),
        ("currency: ${env:CURRENCY}", "is for secrets only"),
        ("tracking: {uri: '${env:HVC_TEST_NOT_SET}'}", "HVC_TEST_NOT_SET is not set"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_the_nearest_name(tmp_path, line, says):
    with pytest.raises(ConfigError, match=says):
        load(tmp_path, PLAIN + line)


def test_every_mistake_is_told_at_once(tmp_path):
    text = PLAIN + "labels: {horzon: 90}\ncalendar: {evry: month}\nzone: UTC\n"
    with pytest.raises(ConfigError, match=r"3 mistakes: .*horzon.*evry.*zone") as caught:
        load(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_a_secret_comes_from_the_environment_and_is_not_repeated_in_a_message(tmp_path, monkeypatch):
    monkeypatch.setenv("HVC_TEST_URI", "https://user:hunter2@mlflow.example")
    text = PLAIN + "tracking: {uri: '${env:HVC_TEST_URI}'}\n"
    assert load(tmp_path, text).config.tracking.uri == "https://user:hunter2@mlflow.example"
    monkeypatch.setenv("HVC_TEST_URI", "hunter2")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert "hunter2" not in str(caught.value)
