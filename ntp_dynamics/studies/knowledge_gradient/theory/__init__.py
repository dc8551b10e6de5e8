"""What is known beforehand: rates with certificates, shares, exact errors."""
