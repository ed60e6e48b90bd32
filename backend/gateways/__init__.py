"""The outside, and what is slow: each blocks in threads of its own."""
