"""Silence library logs and telemetry; called before any of them is imported."""

import logging
import os


def quieten_libraries() -> None:
    """Make TensorFlow log errors alone, and Great Expectations count nothing."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    # It warns of retracing whenever several networks are compiled by one line of ours.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
