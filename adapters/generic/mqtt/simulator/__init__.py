"""Controllers with doors behind a broker, real or embedded: `python -m adapters.generic.mqtt.simulator`."""
