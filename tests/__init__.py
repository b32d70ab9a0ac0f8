"""Tests: real tools, real protocols, no mocks."""
