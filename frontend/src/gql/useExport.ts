/** An export is a job of the server: it is made, followed by subscription, and survives a reload of the page. */
import { useEffect } from 'react';
import { useClient, useQuery, useSubscription } from 'urql';
import { graphql } from './generated/gql';
import type { CreateExportMutation, CreateExportMutationVariables, ExportPartsFragment } from './generated/graphql';
import { type Act, useAct } from './useAct';

const ASK_AGAIN_MS = 3000;

export const ExportParts = graphql(`
  fragment ExportParts on Export {
    id kind format state rows expectedRows bytes sha256 createdAt finishedAt expiresAt failure requestedBy filter downloadUrl
  }
`);

const CreateExport = graphql(`
  mutation CreateExport($input: CreateExportInput!) {
    createExport(input: $input) {
      __typename
      ... on Export { ...ExportParts }
      ...ProblemParts
    }
  }
`);

const ExportQuery = graphql(`
  query Export($id: ID!) {
    node(id: $id) { __typename ...ExportParts }
  }
`);

const ExportFeed = graphql(`
  subscription ExportFeed($id: ID!, $after: String) {
    exports(exportId: $id, after: $after) {
      __typename
      ... on ExportEvent { cursor kind export { ...ExportParts } }
      ... on ResyncRequiredEvent { cursor message }
    }
  }
`);

const created = (data: CreateExportMutation): CreateExportMutation['createExport'] => data.createExport;

export function useCreateExport(): Act<CreateExportMutationVariables, ExportPartsFragment> {
  return useAct<CreateExportMutation, CreateExportMutationVariables, ExportPartsFragment>(CreateExport, created);
}

export function isUnderWay(job: Pick<ExportPartsFragment, 'state'>): boolean {
  return job.state === 'QUEUED' || job.state === 'RUNNING';
}

/** Follows one export while it is under way. A list that already holds the job hands it in as `known`. */
export function useExport(id: string, known?: ExportPartsFragment): ExportPartsFragment | null {
  const client = useClient();
  const [{ data }] = useQuery({ query: ExportQuery, variables: { id }, pause: known !== undefined });
  const job = known ?? (data?.node?.__typename === 'Export' ? data.node : null);
  const follow = !job || isUnderWay(job);
  useSubscription({ query: ExportFeed, variables: { id, after: null }, pause: !follow });
  useEffect(() => {
    if (!follow) return undefined;
    const timer = setInterval(() => void client.query(ExportQuery, { id }, { requestPolicy: 'network-only' }).toPromise(), ASK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [client, follow, id]);
  return job;
}
