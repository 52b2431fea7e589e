"""Is a run good enough, at a price, and no worse than before?"""
