"""panels"""


def sheets(tree, title):
    return iter(())
