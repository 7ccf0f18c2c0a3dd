"""The version that outputs and cards name."""

__version__ = "0.1.0"
