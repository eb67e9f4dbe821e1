/** Why the server refused, in words a person can act on. */
export const REASON: Record<string, string> = {
  NO_FREE_COMPARTMENT: /*i18n*/ 'No compartment of this size is free. Choose another size or bank.',
  BANK_UNREACHABLE: /*i18n*/ 'The bank cannot be reached right now. Check its power and network.',
  COMPARTMENT_UNAVAILABLE: /*i18n*/ 'This compartment is not available.',
  OUT_OF_SERVICE: /*i18n*/ 'This compartment is out of service.',
  STAY_NOT_OPEN: /*i18n*/ 'This stay has already ended.',
  STAY_EXPIRED: /*i18n*/ 'This stay has expired.',
  WRONG_STATE: /*i18n*/ 'It is no longer in the state it was in. Look again, then decide.',
  WRONG_PICKUP_CODE: /*i18n*/ 'The pickup code is not right.',
  QUOTA_REACHED: /*i18n*/ 'The grant allows no more at the same time.',
  NOT_SUPPORTED: /*i18n*/ 'This hardware cannot do that.',
  COMMAND_PENDING: /*i18n*/ 'A command to this door is still running. Wait until it has settled.',
  ALREADY_ACKNOWLEDGED: /*i18n*/ 'Somebody has already acknowledged this alarm.',
  ALREADY_EXISTS: /*i18n*/ 'This already exists.',
  STILL_IN_USE: /*i18n*/ 'It is still in use.',
  TOO_LATE: /*i18n*/ 'It is too late for this.',
};
