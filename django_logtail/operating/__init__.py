"""What operators see: readers, viewers, and problems."""
