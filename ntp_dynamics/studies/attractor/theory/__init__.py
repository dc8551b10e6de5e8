"""What is known of the network, one theorem a file."""
