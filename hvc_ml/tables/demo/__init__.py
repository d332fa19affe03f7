"""A made-up business whose truth is known: customers, orders, events, and what will truly become of each customer."""

from hvc_ml.tables.demo.build import write_demo
from hvc_ml.tables.demo.config_text import demo_config
from hvc_ml.tables.demo.settings import DemoFiles, DemoSettings
from hvc_ml.tables.demo.world import World

__all__ = ["DemoFiles", "DemoSettings", "World", "demo_config", "write_demo"]
