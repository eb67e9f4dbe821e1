"""Banks and compartments: what stands at a site, its doors, and which compartment is free."""
