import type { Schemas } from '../../api/client';
import { useData } from '../../api/use';
import { Link } from '../../app/router';
import { Address, short } from '../../ui/hash';
import { Badge, Card, Page, type Tone } from '../../ui/layout';
import { Empty, Show } from '../../ui/states';
import { Table } from '../../ui/table';
import { Time } from '../../ui/time';

type State = Schemas['Complaint']['state'];
const states: Record<State, [string, Tone?]> = {
  logged: ['logged', 'warn'], asked: ['one manager agrees', 'busy'], opened: ['looked into', 'good'], declined: ['declined'],
};

export function ComplaintState({ of: state }: { of: State }) {
  const [text, tone] = states[state];
  return <Badge tone={tone}>{text}</Badge>;
}

export default function Complaints() {
  const list = useData('/complaints');
  return <Page title="Complaints" about="About records that may be false. A record is read for it only when both managers agree, and its patient is told.">
    <Card flush><Show loaded={list}>{(rows) => rows.length === 0 ? <Empty title="No complaints" />
      : <Table label="Complaints" rows={rows} keyOf={(one) => one.id} columns={[
        { label: 'Complaint', cell: (one) => <Link to={`/complaints/${one.id}`}>{short(one.id)}</Link> },
        { label: 'Reason', cell: (one) => one.reason },
        { label: 'State', cell: (one) => <ComplaintState of={one.state} /> },
        { label: 'By', cell: (one) => <Address of={one.complainant} /> },
        { label: 'Came', cell: (one) => <Time at={one.loggedAt} /> },
      ]} />}</Show></Card>
  </Page>;
}
