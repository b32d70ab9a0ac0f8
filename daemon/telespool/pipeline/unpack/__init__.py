"""From incoming/ to uploading/, deferred/ and quarantine/: what a drop is made of, judged and let out in order."""
