"""The dashboard: looks at run directories, and changes nothing in them."""
