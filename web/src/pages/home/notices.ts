// What a notification says to people, and the page that deals with it.
import { session, type Role } from '../../app/session';

interface Notice { text: string; to?: (subject: string) => string }

// Each role has its own page of a request.
const places: Partial<Record<Role, string>> = { patient: 'consents', gm: 'disputes', rm: 'disputes' };
const request = (subject: string) => `/${places[session.value!.role!] ?? 'requests'}/${parseInt(subject)}`;
const opening = (id: string) => `/openings/${id}`;
const notices: Record<string, Notice> = {
  relay: { text: 'A doctor handed a record over', to: () => '/relay' },
  'record-coming': { text: 'A record is on its way' },
  record: { text: 'A new record came', to: (root) => `/records/${root}` },
  'share-received': { text: 'A patient shared a record with you', to: () => '/shared' },
  'consent-wanted': { text: 'A hospital asks whether it may sell data of yours', to: request },
  'consent-given': { text: 'A patient answered', to: request },
  'key-received': { text: 'A patient sent its key: verify again', to: request },
  'key-sent': { text: 'The delivery is as agreed: your key went to the buyer', to: request },
  'key-refused': { text: 'The delivery is not as agreed: your key stays here', to: request },
  'key-late': { text: 'It was too late to send your key', to: request },
  'request-open': { text: 'A buyer asks for data', to: request },
  'request-replied': { text: 'A hospital offers the data', to: request },
  'request-delivered': { text: 'The data was delivered: verify it', to: request },
  'request-finalized': { text: 'The request is finalized', to: request },
  'request-refunded': { text: 'The money went back to the buyer', to: request },
  'request-disputed': { text: 'Entries are disputed', to: request },
  'request-ruled': { text: 'The managers ruled', to: request },
  'entry-disputed': { text: 'An entry is disputed', to: request },
  'entry-ruled': { text: 'An entry was ruled on', to: request },
  'entry-invalid': { text: 'An entry was proven invalid', to: request },
  'verdict-given': { text: 'The other manager ruled', to: request },
  'release-delivered': { text: 'Data of yours was delivered to a buyer', to: () => '/access' },
  'release-left-out': { text: 'A hospital delivered without data that you agreed to sell', to: () => '/access' },
  topup: { text: 'More releases of a record came', to: (root) => `/records/${root}` },
  'relay-quota': { text: 'A doctor reached the relay\'s quota', to: () => '/relay' },
  'manifest-published': { text: 'The list of what was delivered is published', to: request },
  'dispute-evidence': { text: 'Evidence for a dispute came', to: request },
  'dispute-yours': { text: 'A dispute waits for your verdict', to: request },
  'dispute-missing': { text: 'Something to judge a dispute by is missing', to: request },
  'dispute-voted': { text: 'Your node voted on a dispute', to: request },
  'dispute-vote-failed': { text: 'Your node could not vote on a dispute', to: request },
  'record-complaint': { text: 'A complaint about a record came', to: () => '/complaints' },
  'complaint-asked': { text: 'The Group Manager agreed to a complaint: it waits for you', to: () => '/complaints' },
  'complaint-not-logged': { text: 'The Group Manager asked about a record without a complaint', to: () => '/complaints' },
  'complaint-patient-unknown': { text: 'The patient of a complaint is not known here', to: () => '/complaints' },
  'complaint-logged': { text: 'A complaint about a record was logged', to: () => '/access' },
  'complaint-opened': { text: 'Both managers can read a record complained about', to: () => '/complaints' },
  'complaint-declined': { text: 'A complaint about a record was declined', to: () => '/access' },
  'join-request': { text: 'A doctor asks to join the group', to: () => '/memberships' },
  'join-nonce': { text: 'You may join the group', to: () => '/membership' },
  membership: { text: 'You are a member of the group', to: () => '/membership' },
  registry: { text: 'The registry of members waits for your countersignature', to: () => '/memberships' },
  'registry-countersigned': { text: 'The registry was countersigned', to: () => '/memberships' },
  'registry-refused': { text: 'The registry was refused', to: () => '/memberships' },
  'setup-share': { text: 'The other manager\'s part of the group key came', to: () => '/group' },
  opening: { text: 'An opening waits for approval', to: opening },
  'opening-declined': { text: 'An opening was declined', to: opening },
  'opening-requester-unknown': { text: 'An opening was asked for by somebody not known here', to: opening },
  'opening-result': { text: 'An opening has a result', to: opening },
  'opening-share-unusable': { text: 'The other manager\'s part of an opening does not fit', to: opening },
  reveal: { text: 'A revealing waits for the other manager', to: opening },
  revealed: { text: 'The tracing token of an opened doctor is here', to: opening },
  'revocation-list': { text: 'A new revocation list', to: () => '/revocations' },
  'revocation-list-overdue': { text: 'The revocation list is overdue', to: () => '/revocations' },
  undelivered: { text: 'A message could not be delivered' },
  wallet: { text: 'Your wallet is asked for something', to: () => '/wallet' },
};

export function notice(kind: string): Notice {
  return notices[kind] ?? { text: kind.replaceAll('-', ' ') };
}
