"""What every job needs: errors, files, logs, fingerprints."""
