"""Benchmarks of changeover: baseline and subject alternate in one run on one machine."""
