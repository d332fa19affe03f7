"""hvc-ml: from a log of orders to a retention list a team can work tomorrow."""

__version__ = "0.1.0"
