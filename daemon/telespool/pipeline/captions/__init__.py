"""What stands under a post: as people wrote it beside their files, or as the configuration says."""
