"""Tests of the example orchestrations and their workers."""
