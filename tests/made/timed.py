"""Costs of a run from log to list, made by hand, for the benchmark's table and figure."""

from benchmarks.meter import REST


def cost(cpu, wall=1.0, gigabytes=0.5):
    return {"cpu": cpu, "wall": wall, "gigabytes": gigabytes}


FOUND = {
    "train": {
        "customers": 1_000,
        "rows": 6_000,
        "trees": 300,
        "stages": {
            "read and check": cost(2.0),
            "features": cost(3.0, gigabytes=0.7),
            "priors": cost(1.0),
            "fit for production": cost(4.0),
            "test out of time": cost(5.0),
            REST: cost(1.5),
        },
    },
    "score": {
        "customers": 1_000,
        "scored": 600,
        "stages": {
            "read and check": cost(2.0),
            "score and explain": cost(1.0),
            "publish": cost(0.5),
            "tiers": cost(0.25),
            "book": cost(0.25),
            REST: cost(0.5),
        },
    },
    "plain": [
        {
            "customers": n,
            "scored": n // 2,
            "stages": {
                "read and check": cost(n / 100),
                "features": cost(1 + n / 20),
                "features of today": cost(n / 20),
                "train": cost(n / 10),
                "predict": cost(n / 100),
                "SHAP": cost(n / 2),
                "write": cost(n / 1000),
                REST: cost(3.0),
            },
        }
        for n in (100, 300)
    ],
}
