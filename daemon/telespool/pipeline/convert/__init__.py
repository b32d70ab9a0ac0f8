"""From deferred/ over converting/ to a copy in uploading/: what Telegram does not play as it is."""
