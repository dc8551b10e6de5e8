"""The attractor network by the package `canns`, in a process of its own, beside ours."""
