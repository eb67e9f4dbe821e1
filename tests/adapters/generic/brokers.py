"""The brokers that what speaks MQTT is tried with: our own small one, and the real one where it is installed."""

import pytest

from adapters.generic.mqtt.simulator.mosquitto import program

REAL = pytest.mark.skipif(program() is None, reason="MOSQUITTO IS NOT INSTALLED: the real broker is not tested")
BROKERS = ["embedded", pytest.param("mosquitto", marks=REAL)]
