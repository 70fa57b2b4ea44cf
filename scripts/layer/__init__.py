"""Checks of the Yocto layer, for scripts/check-layer."""
