"""views"""
VIEWS = ()
