/** Fragments that more than one area reads; all others stand beside their component. */
import { graphql } from './generated/gql';

export const AlarmRow = graphql(`
  fragment AlarmRow on Alarm {
    id kind severity condition state raisedAt clearedAt lastSeenAt repeatCount detail expectedAction
    acknowledgedAt acknowledgedBy comment shelvedUntil
    site { id name timezone }
    bank { id label }
    compartment { id label }
  }
`);

export const CommandParts = graphql(`
  fragment CommandParts on Command {
    id kind state reason requestedBy requestedAt sentAt acceptedAt openedAt closedAt settledAt expiresAt detail needsPerson
  }
`);

export const StayParts = graphql(`
  fragment StayParts on Stay {
    id state flow outcome evidence createdAt expiresAt depositedAt depositExpiresAt releasedAt isOverdue note
    carrier { id name }
    recipient { id name unit }
    parcels(first: 5) { edges { node { id tracking state } } }
  }
`);
