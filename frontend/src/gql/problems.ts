/** Every way a request can go wrong, as one shape that a form, a dialog or a toast can show. */
import type { CombinedError } from '@urql/core';
import { graphql } from './generated/gql';

export const ProblemParts = graphql(`
  fragment ProblemParts on Error {
    message
    code
    path
    ... on RejectedError { refusedFor: reason }
    ... on DeniedError { permission failedRules { rule expected actual } }
  }
`);

export type Problem = {
  message: string;
  code?: string;
  refusedFor?: string;
  path?: readonly string[];
  failedRules?: readonly { rule: string; expected: string; actual: string }[];
  traceId?: string;
  unreachable?: boolean;
};

export function problemOf(error: CombinedError): Problem {
  if (error.networkError) {
    const status = (error.response as Response | undefined)?.status;
    return { message: error.networkError.message, unreachable: status === undefined || status >= 502 };
  }
  const first = error.graphQLErrors[0];
  const traceId = first?.extensions['traceId'];
  const code = first?.extensions['code'];
  return {
    message: first?.message ?? error.message,
    code: typeof code === 'string' ? code : undefined,
    traceId: typeof traceId === 'string' ? traceId : undefined,
  };
}

/** Tells an expected refusal from the node that was asked for. */
export function refusalIn(answer: object): Problem | null {
  const typename = (answer as { __typename?: string }).__typename;
  return typename?.endsWith('Error') ? (answer as unknown as Problem) : null;
}
