"""What moves: descents, the flow, maps of many descents, the saddle, and batches."""
