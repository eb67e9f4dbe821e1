"""Lock controllers behind an MQTT broker: they speak when something happens, and the broker says when they are gone."""
