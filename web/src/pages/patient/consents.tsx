import type { Schemas } from '../../api/client';
import { useData } from '../../api/use';
import { Link } from '../../app/router';
import { Badge, Card, Page, type Tone } from '../../ui/layout';
import { count, Eth } from '../../ui/money';
import { Empty, Show } from '../../ui/states';
import { Table } from '../../ui/table';
import { Time } from '../../ui/time';

type State = Schemas['Consent']['state'];
const states: Record<State, [string, Tone?]> = {
  wanted: ['waits for you', 'warn'], given: ['accepted', 'good'], declined: ['declined'], delivered: ['delivered', 'good'],
  refused: ['not possible', 'bad'],
};

export function ConsentState({ state }: { state: State }) {
  const [text, tone] = states[state];
  return <Badge tone={tone}>{text}</Badge>;
}

export default function Consents() {
  const consents = useData('/consents');
  return <Page title="Data requests" about="Hospitals ask here whether they may sell data of yours. You see the very values that would leave, and decide.">
    <Card flush>
      <Show loaded={consents}>{(rows) => rows.length === 0
        ? <Empty title="Nobody has asked">A request appears here by itself.</Empty>
        : <Table label="Data requests" rows={rows} keyOf={(one) => `${one.requestId} ${one.record}`} columns={[
          { label: 'Request', cell: (one) => <Link to={`/consents/${one.requestId}`}>Request {one.requestId}{one.category && `: ${one.category}`}</Link> },
          { label: 'State', cell: (one) => <ConsentState state={one.state} /> },
          { label: 'Patients alike', number: true, cell: (one) => count(one.k) },
          { label: 'Payout, likely', number: true, cell: (one) => <Eth wei={one.payoutWei} /> },
          { label: 'Answer by', cell: (one) => one.state === 'wanted' && <Time at={one.respondBy} /> },
        ]} />}</Show>
    </Card>
  </Page>;
}
