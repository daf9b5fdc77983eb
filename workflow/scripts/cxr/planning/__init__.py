"""What a study's config makes of the workflow: chunks, settings, snapshots."""
