"""Which parts of the customers are looked at; imports nothing heavy, so that a configuration loads at once."""

from hvc_ml.settings import Settings


class SliceSettings(Settings):
    """By what customers are told apart when a person asks whether the model and the list are right for everybody.

    Examples
    --------
    >>> SliceSettings(by=["gender", "region"]).by
    ('gender', 'region')
    """

    by: tuple[str, ...] = ()
    """Attributes of ``tables.customers``, protected ones too: they are read to look at parts, and are no features."""
