/** Follows one command to its end: by subscription, and by asking again should a message have been missed. */
import { useEffect } from 'react';
import { useClient, useQuery, useSubscription } from 'urql';
import { isFinal } from '../lib/commandLife';
import { graphql } from './generated/gql';
import type { CommandPartsFragment } from './generated/graphql';

const ASK_AGAIN_MS = 3000;

const CommandQuery = graphql(`
  query Command($id: ID!) {
    node(id: $id) { __typename ...CommandParts }
  }
`);

const CommandFeed = graphql(`
  subscription CommandFeed($id: ID!, $after: String) {
    commands(commandId: $id, after: $after) {
      __typename
      ... on CommandEvent { cursor kind command { ...CommandParts } }
      ... on ResyncRequiredEvent { cursor message }
    }
  }
`);

export function useCommand(id: string | null): CommandPartsFragment | null {
  const client = useClient();
  const [{ data }] = useQuery({ query: CommandQuery, variables: { id: id ?? '' }, pause: !id });
  const command = data?.node?.__typename === 'Command' ? data.node : null;
  const follow = id !== null && (!command || !isFinal(command.state));
  // Each message is a whole command and lands in the cache: the query above shows it.
  useSubscription({ query: CommandFeed, variables: { id: id ?? '', after: null }, pause: !follow });
  useEffect(() => {
    if (!follow || !id) return undefined;
    const timer = setInterval(() => void client.query(CommandQuery, { id }, { requestPolicy: 'network-only' }).toPromise(), ASK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [client, follow, id]);
  return command;
}
