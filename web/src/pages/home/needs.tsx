// What needs the identity, by deadline.
import { useData } from '../../api/use';
import { Link } from '../../app/router';
import { session } from '../../app/session';
import { Card } from '../../ui/layout';
import { Table } from '../../ui/table';
import { Time } from '../../ui/time';

interface Need { text: string; to: string; by: string | undefined }

function useNeeds(): Need[] {
  const { role, identity } = session.value!;
  const isTrade = role === 'buyer' || role === 'hospital', isManager = role === 'gm' || role === 'rm';
  const consents = useData(role === 'patient' ? '/consents' : undefined).data ?? [];
  const disputes = useData(isManager ? '/disputes' : undefined).data ?? [];
  const requests = useData(isTrade ? '/requests' : undefined).data ?? [];
  return [
    ...consents.filter((one) => one.state === 'wanted').map((one) =>
      ({ text: `Answer data request ${one.requestId}`, to: `/consents/${one.requestId}`, by: one.respondBy })),
    ...disputes.filter((one) => one.needs.startsWith('your verdict')).map((one) =>
      ({ text: `Rule on request ${one.requestId}: ${one.needs}`, to: `/disputes/${one.requestId}`, by: one.ruleBy })),
    ...requests.flatMap((one): Need[] => {
      const need = (text: string) => [{ text: `${text} request ${one.requestId}`, to: `/requests/${one.requestId}`, by: one.deadline }];
      if (role === 'buyer') return one.buyer === identity && one.state === 'filled' ? need('Verify') : [];
      if (one.state === 'pending') return need('Offer the data of');
      return one.hospital === identity && one.state === 'replied' ? need('Deliver') : [];
    }),
  ].sort((a, b) => (a.by ?? '9').localeCompare(b.by ?? '9'));
}

export function Needs() {
  const needs = useNeeds();
  if (needs.length === 0) return null;
  return <Card title="Needs you, the most urgent first" flush>
    <Table label="What needs you" rows={needs.slice(0, 20)} keyOf={(one) => one.text} columns={[
      { label: 'What', cell: (one) => <Link to={one.to}>{one.text}</Link> },
      { label: 'By', cell: (one) => <Time at={one.by} /> },
    ]} /></Card>;
}
