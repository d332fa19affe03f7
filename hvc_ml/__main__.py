"""``python -m hvc_ml`` and the console script ``hvc-ml``."""

from hvc_ml.cli.edge import run


def main() -> None:
    """Run the command line."""
    run()


if __name__ == "__main__":
    main()
