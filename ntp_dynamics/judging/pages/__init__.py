"""What comes out of a judgement: a picture, a page, rows of tables, JSON, a logbook.

Nothing in them names a user, a machine, a folder or the time at which they were written.
"""
