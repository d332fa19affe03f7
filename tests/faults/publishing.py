"""What every night publishes, in small: a model, a list and the link to it, a partition in place of the last, one file."""

import sys
from pathlib import Path

from hvc_ml.errors import HvcError
from hvc_ml.publish import RunLock, point_latest, publish_directory, write_bytes_atomic


def night(root: Path, number: int) -> None:
    """Publish night number so many."""
    with RunLock(root / ".state" / "run.lock"):
        with publish_directory(root / "models" / f"bundle-{number}", meta={"night": number}) as staging:
            (staging / "churn.txt").write_bytes(b"Tree=%d\n" % number * 5_000)
        with publish_directory(root / "lists" / f"night-{number}", meta={"night": number}) as staging:
            for name in ("retention_list.csv", "scores.parquet"):
                (staging / name).write_bytes(b"%d " % number * 5_000)
        point_latest(root / "lists" / "latest", root / "lists" / f"night-{number}")
        with publish_directory(root / "features" / "cutoff", meta={"night": number}, replace=True) as staging:
            (staging / "panel.parquet").write_bytes(b"%d " % number * 20_000)
        write_bytes_atomic(root / "champion.json", b'{"version": "%d"}' % number)


if __name__ == "__main__":
    try:
        night(Path(sys.argv[1]), 2)
    except HvcError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
