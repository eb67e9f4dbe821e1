/** The two streams that many screens share; the client opens each once, however many listen. */
import { useEffect, useRef } from 'react';
import { type TypedDocumentNode, useClient } from 'urql';
import { useStore } from '../lib/store';
import { graphql } from './generated/gql';
import type { AlarmsFeedSubscription, FactsFeedSubscription } from './generated/graphql';
import { pausedStore } from './live';

const AlarmsFeed = graphql(`
  subscription AlarmsFeed($after: String) {
    alarms(after: $after) {
      __typename
      ... on AlarmEvent { cursor kind alarm { ...AlarmRow } }
      ... on ResyncRequiredEvent { cursor message }
    }
  }
`);

const FactsFeed = graphql(`
  subscription FactsFeed($after: String) {
    events(after: $after) {
      __typename
      ... on FactEvent { cursor event { id kind subjectType subjectId occurredAt site { id } } }
      ... on ResyncRequiredEvent { cursor message }
    }
  }
`);

export type FedAlarm = Extract<AlarmsFeedSubscription['alarms'], { __typename: 'AlarmEvent' }>['alarm'];
export type FedFact = Extract<FactsFeedSubscription['events'], { __typename: 'FactEvent' }>['event'];

function useFeed<D>(document: TypedDocumentNode<D, { after?: string | null }>, pause: boolean, listen: (data: D) => void): void {
  const client = useClient();
  const latest = useRef(listen);
  useEffect(() => {
    latest.current = listen;
  });
  // Not useSubscription: rendering may skip over all but the last of several messages that arrive together.
  useEffect(() => {
    if (pause) return undefined;
    const feed = client.subscription(document, { after: null }).subscribe((result) => {
      if (result.data) latest.current(result.data);
    });
    return () => feed.unsubscribe();
  }, [client, document, pause]);
}

/** Alarms are never paused: a pause is for reading lists in peace, not for missing a forced door. */
export function useAlarmsFeed(listen: (alarm: FedAlarm) => void): void {
  useFeed<AlarmsFeedSubscription>(AlarmsFeed, false, (data) => {
    if (data.alarms.__typename === 'AlarmEvent') listen(data.alarms.alarm);
  });
}

export function useFactsFeed(listen: (fact: FedFact) => void): void {
  const paused = useStore(pausedStore);
  useFeed<FactsFeedSubscription>(FactsFeed, paused, (data) => {
    if (data.events.__typename === 'FactEvent') listen(data.events.event);
  });
}
