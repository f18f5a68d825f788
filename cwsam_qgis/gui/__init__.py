"""The windows of the plugin."""
