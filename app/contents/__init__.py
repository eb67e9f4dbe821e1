"""What lies in a stay: more parcels than one, put in and taken out one by one."""
