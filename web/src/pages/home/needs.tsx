// What needs the identity, by deadline: from the state of things, not from what was told.
import { useData } from '../../api/use';
import { Link } from '../../app/router';
import { session, type Role } from '../../app/session';
import { short } from '../../ui/hash';
import { Card } from '../../ui/layout';
import { Table } from '../../ui/table';
import { Time } from '../../ui/time';
import { approvals } from '../opening/approvals';

interface Need { text: string; to: string; by?: string | undefined }

function useTrade(role: Role, identity: string): Need[] {
  const isTrade = role === 'buyer' || role === 'hospital';
  const requests = useData(isTrade ? '/requests' : undefined).data ?? [];
  return requests.flatMap((one): Need[] => {
    const need = (text: string) => [{ text: `${text} request ${one.requestId}`, to: `/requests/${one.requestId}`, by: one.deadline }];
    if (role === 'buyer') return one.buyer !== identity ? [] : one.state === 'filled' ? need('Verify') : one.state === 'verified' ? need('Pay or dispute') : [];
    if (one.state === 'pending') return need('Offer the data of');
    return one.hospital === identity && one.state === 'replied' ? need('Deliver') : [];
  });
}

function useConsents(role: Role): Need[] {
  const consents = useData(role === 'patient' ? '/consents' : undefined).data ?? [];
  return consents.filter((one) => one.state === 'wanted').map((one) =>
    ({ text: `Answer data request ${one.requestId}`, to: `/consents/${one.requestId}`, by: one.respondBy }));
}

function useMembership(role: Role): Need[] {
  const invitation = useData(role === 'doctor' ? '/group/membership' : undefined).data?.invitation;
  return invitation && !invitation.answered ? [{ text: 'Join the group', to: '/membership', by: invitation.expires }] : [];
}

function useManagers(role: Role): Need[] {
  const isGm = role === 'gm', isManager = isGm || role === 'rm';
  const disputes = useData(isManager ? '/disputes' : undefined).data ?? [];
  const openings = useData(isManager ? '/openings' : undefined).data ?? [];
  const complaints = useData(isManager ? '/complaints' : undefined).data ?? [];
  const applicants = useData(isGm ? '/group/applicants' : undefined).data ?? [];
  const registry = useData(isManager ? '/group/registry' : undefined).data ?? [];
  return [
    ...disputes.filter((one) => one.needs.startsWith('your verdict')).map((one) =>
      ({ text: `Rule on request ${one.requestId}: ${one.needs}`, to: `/disputes/${one.requestId}`, by: one.ruleBy })),
    ...openings.filter((one) => one.state === 'asked' && approvals(one)[isGm ? 'gm' : 'rm'] === false).map((one) =>
      ({ text: `Decide on the opening ${short(one.id)}`, to: `/openings/${one.id}` })),
    ...complaints.filter((one) => one.state === (isGm ? 'logged' : 'asked')).map((one) =>
      ({ text: `Decide on the complaint ${short(one.id)}`, to: `/complaints/${one.id}` })),
    ...applicants.filter((one) => one.state === 'waiting').map((one) =>
      ({ text: `Admit ${one.name ?? short(one.wallet)} to the group`, to: '/memberships' })),
    ...registry.filter((one) => (isGm ? one.countersigned > one.committed : one.rows > one.countersigned)).map((one) =>
      ({ text: isGm ? 'Commit the countersigned registry' : `Countersign the registry of key version ${one.keyVersion}`, to: '/memberships' })),
  ];
}

function useWallet(): Need[] {
  const isBrowser = session.value!.wallet === 'browser';
  const intents = useData(isBrowser ? '/intents' : undefined, { query: { limit: 20 } }).data ?? [];
  return intents.some((one) => one.state === 'open') ? [{ text: 'Answer what your wallet is asked for', to: '/wallet' }] : [];
}

export function Needs() {
  const role = session.value!.role!;
  const needs = [...useTrade(role, session.value!.identity!), ...useConsents(role), ...useMembership(role), ...useManagers(role), ...useWallet()]
    .sort((a, b) => (a.by ?? '9').localeCompare(b.by ?? '9'));
  if (needs.length === 0) return null;
  return <Card title="Needs you, the most urgent first" flush>
    <Table label="What needs you" rows={needs.slice(0, 20)} keyOf={(one) => `${one.to} ${one.text}`} columns={[
      { label: 'What', cell: (one) => <Link to={one.to}>{one.text}</Link> },
      { label: 'By', cell: (one) => one.by && <Time at={one.by} /> },
    ]} />{needs.length > 20 && <p class="card-body quiet">And {needs.length - 20} more.</p>}</Card>;
}
