"""The watch has one run for good; its lines grow by a point per day, and the same points change nothing."""

from datetime import date

from hvc_ml.tracking.watch import draw_lines, watch_run


def test_months_become_lines_of_one_run(store):
    run = watch_run(store)
    assert watch_run(store).id == run.id
    days = [(date(2026, 1, 1), {"promised/risk": 0.4, "came/auc": None}), (date(2026, 2, 1), {"promised/risk": 0.41})]
    draw_lines(store, run, days[:1])
    draw_lines(store, run, [*days, (date(2026, 1, 1), {"came/auc": 0.8})])
    client = store.connection.client
    found = client.get_metric_history(run.id, "promised/risk")
    assert [point.value for point in sorted(found, key=lambda point: point.step)] == [0.4, 0.41]
    assert {point.timestamp for point in found} == {1767225600000, 1769904000000}
    assert [point.value for point in client.get_metric_history(run.id, "came/auc")] == [0.8]
    info = client.get_run(run.id)
    assert (info.info.run_name, info.data.tags["verb"], info.info.status) == ("monitoring", "monitor", "FINISHED")
