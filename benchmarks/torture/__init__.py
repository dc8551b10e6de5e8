"""What is done to a lab that promises to lose nothing: the long forms of its tests."""
