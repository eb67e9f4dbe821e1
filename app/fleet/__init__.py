"""Fleet: the hand on the hardware. Sends commands, reads banks, writes down what doors did."""
