"""``python -m ntp_dynamics`` is ``ntp-train``."""

from ntp_dynamics.cli import train

if __name__ == "__main__":
    train()
