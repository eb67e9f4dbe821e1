/** Who is signed in, and what they may do. */
import { graphql } from './generated/gql';

export const ViewerQuery = graphql(`
  query Viewer {
    viewer { id name email locale role permissions allSites organization { id name kind } }
  }
`);
