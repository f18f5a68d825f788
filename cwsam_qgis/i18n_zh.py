"""Chinese (simplified) texts by context and English text."""

CHINESE: dict = {}
