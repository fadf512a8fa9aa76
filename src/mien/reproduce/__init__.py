"""The tables of the five papers, trained and measured again."""
