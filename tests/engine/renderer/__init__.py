"""Tests of the virtual photo studio."""
