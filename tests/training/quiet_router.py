"""Runs the command line without the router's noise, which every process draws for itself."""

from cwsam.engine.layers import moe
from cwsam.training.cli import main

if __name__ == "__main__":
    moe.ROUTER_NOISE = 0.0
    main()
