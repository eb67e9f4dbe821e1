"""GraphQL only: types, mutations, subscriptions, execution. It knows no SQL and no vendor."""
