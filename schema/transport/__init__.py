"""GraphQL on the wire: HTTP, graphql-transport-ws and graphql-sse in front of one engine."""
