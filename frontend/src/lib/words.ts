/** The words of the domain as message ids; each is looked up in the catalogue where it is shown. */
import type {
  AlarmKind, AlarmSeverity, AlarmState, AuditOutcome, CommandFinding, CommandKind, CommandState, DifferenceKind, Door, ExportKind,
  ExportState, GrantOperation, GrantState, Occupancy, OpeningState, ParcelState, Role, Service, StayOutcome, StayState, SurveyState,
  Withheld,
} from '../gql/enums';

export const DOOR: Record<Door, string> = {
  CLOSED: /*i18n*/ 'Closed', OPEN: /*i18n*/ 'Open', UNKNOWN: /*i18n*/ 'Not known',
};

export const OCCUPANCY: Record<Occupancy, string> = {
  AVAILABLE: /*i18n*/ 'Free', RESERVED: /*i18n*/ 'Reserved', OCCUPIED: /*i18n*/ 'Occupied',
  OUT_OF_SERVICE: /*i18n*/ 'Out of service', UNAVAILABLE: /*i18n*/ 'Unavailable',
};

export const SERVICE: Record<Service, string> = {
  IN_SERVICE: /*i18n*/ 'In service', OUT_OF_SERVICE: /*i18n*/ 'Out of service', FAULT: /*i18n*/ 'Fault',
  UNREACHABLE: /*i18n*/ 'Unreachable',
};

export const WITHHELD: Record<Withheld, string> = {
  SILENT: /*i18n*/ 'Nothing was read of it', TAKEN: /*i18n*/ 'Something is in it that no stay explains',
};

export const COMMAND_STATE: Record<CommandState, string> = {
  REQUESTED: /*i18n*/ 'Requested', SENT: /*i18n*/ 'Sent', ACCEPTED: /*i18n*/ 'Accepted',
  DOOR_OPENED: /*i18n*/ 'Door seen open', DOOR_CLOSED: /*i18n*/ 'Door seen shut', FAILED: /*i18n*/ 'Failed',
  EXPIRED: /*i18n*/ 'Timed out', UNCONFIRMED: /*i18n*/ 'Unconfirmed',
};

export const FINDING: Record<CommandFinding, string> = {
  DOOR_OPENED: /*i18n*/ 'The door opened and is shut again', DID_NOT_OPEN: /*i18n*/ 'The door did not open',
  TOOK_EFFECT: /*i18n*/ 'The vendor has it on its books', NO_EFFECT: /*i18n*/ 'The vendor knows nothing of it',
};

export const COMMAND_KIND: Record<CommandKind, string> = {
  OPEN: /*i18n*/ 'Open door', RESERVE: /*i18n*/ 'Reserve', DEPOSIT: /*i18n*/ 'Confirm deposit', EXTEND: /*i18n*/ 'Extend',
  ISSUE_ACCESS: /*i18n*/ 'Hand out access', RELEASE: /*i18n*/ 'Release', SET_SERVICE: /*i18n*/ 'Set service',
};

export const SURVEY_STATE: Record<SurveyState, string> = {
  WAITING: /*i18n*/ 'Asked for', RUNNING: /*i18n*/ 'Being asked', READY: /*i18n*/ 'Answered', FAILED: /*i18n*/ 'Not answered',
};

export const DIFFERENCE: Record<DifferenceKind, string> = {
  ADDED: /*i18n*/ 'New at the vendor', GONE: /*i18n*/ 'Unknown to the vendor', LABEL: /*i18n*/ 'Label', SIZE: /*i18n*/ 'Size',
  ACCESSIBLE: /*i18n*/ 'Low door', OCCUPIED: /*i18n*/ 'In use at the vendor only', EMPTY: /*i18n*/ 'In use with us only', SERVICE: /*i18n*/ 'Service',
  LIKENESS: /*i18n*/ 'What it is known by',
};

export const OPENING_STATE: Record<OpeningState, string> = {
  PENDING: /*i18n*/ 'Waits for approval', APPROVED: /*i18n*/ 'Approved', REJECTED: /*i18n*/ 'Rejected', EXPIRED: /*i18n*/ 'Nobody approved in time',
};

export const SEVERITY: Record<AlarmSeverity, string> = {
  CRITICAL: /*i18n*/ 'Critical', HIGH: /*i18n*/ 'High', MEDIUM: /*i18n*/ 'Medium', LOW: /*i18n*/ 'Low',
};

export const ALARM_KIND: Record<AlarmKind, string> = {
  HELD_OPEN: /*i18n*/ 'Door held open', FORCED_OPEN: /*i18n*/ 'Door forced open', OPEN_FAILED: /*i18n*/ 'Door did not open',
  OPENED_WRONG_DOOR: /*i18n*/ 'Wrong door opened', CLOSED_WITHOUT_DEPOSIT: /*i18n*/ 'Closed without deposit',
  OPEN_AFTER_RELEASE: /*i18n*/ 'Opened after release', GHOST_PARCEL: /*i18n*/ 'Parcel without a record',
  MISSING_PARCEL: /*i18n*/ 'Parcel missing', BANK_UNREACHABLE: /*i18n*/ 'Bank unreachable',
  CONTROLLER_FAULT: /*i18n*/ 'Controller fault', UNMAPPED_STATUS: /*i18n*/ 'Unknown status from the vendor',
  LATE_EVENT_AFTER_RELEASE: /*i18n*/ 'Late event after release', AUDIT_CHAIN_BROKEN: /*i18n*/ 'Audit chain broken',
  REVOKED_CREDENTIAL_USED: /*i18n*/ 'Revoked access used',
};

export const ALARM_ACTION: Record<AlarmKind, string> = {
  AUDIT_CHAIN_BROKEN: /*i18n*/ 'Stop changes, keep a copy of the database, run the audit verification.',
  BANK_UNREACHABLE: /*i18n*/ 'Check power and network at the bank.',
  CLOSED_WITHOUT_DEPOSIT: /*i18n*/ 'Ask the courier whether the parcel was left.',
  CONTROLLER_FAULT: /*i18n*/ 'Inspect the controller; its answers make no sense.',
  FORCED_OPEN: /*i18n*/ 'Go to the door: it opened without a command.',
  GHOST_PARCEL: /*i18n*/ 'Look inside: something is there that no record knows.',
  HELD_OPEN: /*i18n*/ 'Close the door.',
  LATE_EVENT_AFTER_RELEASE: /*i18n*/ 'Check the door: the device reported late.',
  MISSING_PARCEL: /*i18n*/ 'Look inside: the recorded parcel seems to be gone.',
  OPENED_WRONG_DOOR: /*i18n*/ 'Take the bank out of service and check its wiring.',
  OPEN_AFTER_RELEASE: /*i18n*/ 'Close the door of the released compartment.',
  OPEN_FAILED: /*i18n*/ 'The door did not open: free the lock or open by hand.',
  REVOKED_CREDENTIAL_USED: /*i18n*/ 'Look inside: what was called off has opened the door all the same.',
  UNMAPPED_STATUS: /*i18n*/ 'The device said something unknown: pass the raw text to support.',
};

export const ALARM_STATE: Record<AlarmState, string> = {
  NORM: /*i18n*/ 'Normal', UNACK: /*i18n*/ 'Not acknowledged', ACKED: /*i18n*/ 'Acknowledged',
  RTNUN: /*i18n*/ 'Cleared, not acknowledged', SHLVD: /*i18n*/ 'Shelved', DSUPR: /*i18n*/ 'Under maintenance',
  OOSRV: /*i18n*/ 'Out of service',
};

export const STAY_STATE: Record<StayState, string> = {
  QUEUED: /*i18n*/ 'Waiting', HELD: /*i18n*/ 'Held', ACCESS_ISSUED: /*i18n*/ 'Access issued', DEPOSITING: /*i18n*/ 'Depositing',
  DEPOSITED: /*i18n*/ 'Deposited', COLLECTING: /*i18n*/ 'Collecting', REVOKING: /*i18n*/ 'Revoking', RELEASED: /*i18n*/ 'Released',
};

export const STAY_OUTCOME: Record<StayOutcome, string> = {
  COLLECTED: /*i18n*/ 'Collected', COLLECTED_BY_CARRIER: /*i18n*/ 'Collected by the carrier',
  RETURNED_TO_SENDER: /*i18n*/ 'Returned to sender', REMOVED_BY_STAFF: /*i18n*/ 'Removed by staff',
  CANCELLED: /*i18n*/ 'Cancelled', EXPIRED_UNUSED: /*i18n*/ 'Expired unused', NO_FIT: /*i18n*/ 'Did not fit',
  ABANDONED_RECORD: /*i18n*/ 'Record abandoned', UNKNOWN_RELEASE: /*i18n*/ 'Released, reason not known',
};

export const PARCEL_STATE: Record<ParcelState, string> = {
  ANNOUNCED: /*i18n*/ 'Announced', ALLOCATED: /*i18n*/ 'Allocated', IN_LOCKER: /*i18n*/ 'In the locker',
  COLLECTED: /*i18n*/ 'Collected', RETURNED: /*i18n*/ 'Returned', REMOVED: /*i18n*/ 'Removed', MISSING: /*i18n*/ 'Missing',
};

export const GRANT_STATE: Record<GrantState, string> = {
  ACTIVE: /*i18n*/ 'Active', SUSPENDED: /*i18n*/ 'Suspended', REVOKED: /*i18n*/ 'Revoked',
};

export const OPERATION: Record<GrantOperation, string> = {
  VIEW_AVAILABILITY: /*i18n*/ 'See availability', VIEW_OWN_PARCELS: /*i18n*/ 'See own parcels', RESERVE: /*i18n*/ 'Reserve',
  DEPOSIT: /*i18n*/ 'Deposit', REOPEN_OWN: /*i18n*/ 'Reopen own doors', COLLECT_RETURN: /*i18n*/ 'Collect returns',
  COLLECT_EXPIRED: /*i18n*/ 'Collect expired',
};

export const AUDIT_OUTCOME: Record<AuditOutcome, string> = {
  DONE: /*i18n*/ 'Done', FAILED: /*i18n*/ 'Failed', DENIED: /*i18n*/ 'Denied',
};

export const EXPORT_KIND: Record<ExportKind, string> = { AUDIT: /*i18n*/ 'Audit', STAYS: /*i18n*/ 'Stays' };

export const EXPORT_STATE: Record<ExportState, string> = {
  QUEUED: /*i18n*/ 'Queued', RUNNING: /*i18n*/ 'Running', DONE: /*i18n*/ 'Done', FAILED: /*i18n*/ 'Failed',
  EXPIRED: /*i18n*/ 'Expired',
};

export const ROLE: Record<Role, string> = {
  OWNER: /*i18n*/ 'Owner', MANAGER: /*i18n*/ 'Manager', AUDITOR: /*i18n*/ 'Auditor', CARRIER_ADMIN: /*i18n*/ 'Carrier administrator',
  COURIER: /*i18n*/ 'Courier', RECIPIENT: /*i18n*/ 'Recipient',
};
