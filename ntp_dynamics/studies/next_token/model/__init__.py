"""The one-layer transformer: its exact gradient in token space, and the plain nn.Module."""
