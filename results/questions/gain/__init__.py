"""What fan-out could and could not bring to work that one agent has already done, from its runs.

`profile.profile_runs` reads the frames of single-agent runs, infers which call needed what of
which earlier one, and says how much of the work could have run at the same time, what a team would
share, what its briefs would carry and what it would cost. Nothing is run; `sentences` and `charts`
show it.
"""
