/** The two acts on alarms; both give back the alarm, so that every list that shows it changes. */
import { graphql } from '../../gql/generated/gql';
import type { AcknowledgeAlarmMutation, AcknowledgeAlarmMutationVariables, AlarmRowFragment, ShelveAlarmMutation, ShelveAlarmMutationVariables } from '../../gql/generated/graphql';
import { type Act, useAct } from '../../gql/useAct';

const AcknowledgeMutation = graphql(`
  mutation AcknowledgeAlarm($input: AcknowledgeAlarmInput!) {
    acknowledgeAlarm(input: $input) {
      __typename
      ... on Alarm { ...AlarmRow }
      ...ProblemParts
    }
  }
`);

const ShelveMutation = graphql(`
  mutation ShelveAlarm($input: ShelveAlarmInput!) {
    shelveAlarm(input: $input) {
      __typename
      ... on Alarm { ...AlarmRow }
      ...ProblemParts
    }
  }
`);

const acknowledged = (data: AcknowledgeAlarmMutation): AcknowledgeAlarmMutation['acknowledgeAlarm'] => data.acknowledgeAlarm;
const shelved = (data: ShelveAlarmMutation): ShelveAlarmMutation['shelveAlarm'] => data.shelveAlarm;

export function useAcknowledge(): Act<AcknowledgeAlarmMutationVariables, AlarmRowFragment> {
  return useAct<AcknowledgeAlarmMutation, AcknowledgeAlarmMutationVariables, AlarmRowFragment>(AcknowledgeMutation, acknowledged);
}

export function useShelve(): Act<ShelveAlarmMutationVariables, AlarmRowFragment> {
  return useAct<ShelveAlarmMutation, ShelveAlarmMutationVariables, AlarmRowFragment>(ShelveMutation, shelved);
}
