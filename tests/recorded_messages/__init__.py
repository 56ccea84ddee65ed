"""What each message looked like in each version, for the tests that read it again."""
