"""Uses: which pass it was that opened a door, by what its vendor posted and by what can have been."""
