"""Why a network will not learn: checks of an experiment before training, of a run while it goes on and after it.

A check is a function in one of these modules, registered in `registry().checks`; it gives `Finding`s.
"""
