"""The same reads as a Strawberry user writes them: ORM entities, aiodataloader, one transaction a request."""
