import pytest

from hvc_ml.config import load_config
from hvc_ml.tables.demo import DemoSettings, demo_config


@pytest.mark.parametrize("kind", ["retail", "subscription"])
def test_the_config_is_accepted_and_names_the_true_actions(shop, club, kind):
    made = shop if kind == "retail" else club
    (made.folder / "hvc.yaml").write_text(demo_config(made.settings), encoding="utf-8")
    config = load_config(made.folder).config
    truth = made.truth["actions"].groupby("action")[["contact", "offer"]].first()
    assert sorted(a.name for a in config.playbook.actions) == sorted(truth.index)
    for action in config.playbook.actions:
        assert (action.contact_cost, action.offer_cost) == tuple(truth.loc[action.name])
    assert config.labels.horizon == made.settings.horizon


@pytest.mark.parametrize("kind", ["retail", "subscription"])
def test_every_mapped_column_exists(shop, club, kind):
    made = shop if kind == "retail" else club
    (made.folder / "hvc.yaml").write_text(demo_config(made.settings), encoding="utf-8")
    config = load_config(made.folder).config
    for name, mapping in config.tables.present().items():
        assert mapping.problems(name) == []
        assert set(mapping.columns.values()) <= set(getattr(made, name).columns)
        assert (made.folder / config.source.paths[name]).is_file()


@pytest.mark.parametrize("kind", ["retail", "subscription"])
def test_priors_lie_around_the_true_save_rates(shop, club, kind):
    made = shop if kind == "retail" else club
    (made.folder / "hvc.yaml").write_text(demo_config(made.settings), encoding="utf-8")
    outlook = made.truth["outlook"]
    now = outlook[(outlook.cutoff == outlook.cutoff.max()) & (outlook.state != "gone")]
    actions = made.truth["actions"]
    true = actions[actions.customer_id.isin(now.customer_id)].groupby("action").save_probability.mean()
    for action in load_config(made.folder).config.playbook.actions:
        assert action.save_rate == pytest.approx(true[action.name], abs=0.06)


def test_a_large_seed_still_makes_a_valid_config(tmp_path):
    (tmp_path / "hvc.yaml").write_text(demo_config(DemoSettings(seed=2**40)), encoding="utf-8")
    assert load_config(tmp_path).config.name == "demo-retail"
