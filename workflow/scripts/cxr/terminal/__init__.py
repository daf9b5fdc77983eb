"""What a user reads while a study runs: the plan, the stages, the end."""
