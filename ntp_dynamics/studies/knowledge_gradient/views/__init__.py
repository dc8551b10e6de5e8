"""views"""

VIEWS = ()
