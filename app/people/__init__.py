"""People: recipients, departments, depositors, senders. Personal data lives here and nowhere else."""
