"""Intervals, bootstrap over patients, spread over seeds."""
