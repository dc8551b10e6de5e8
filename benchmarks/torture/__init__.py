"""Long forms of the tests of reliability (`make torture`)."""
