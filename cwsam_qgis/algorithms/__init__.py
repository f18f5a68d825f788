"""The Processing algorithms of the plugin."""
