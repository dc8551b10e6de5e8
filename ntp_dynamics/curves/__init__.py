"""Curves that others logged: files of many kinds read into one `curve.Curve`."""
