"""claims"""
CLAIMS = []
