import type { Schemas } from '../../api/client';
import { useData } from '../../api/use';
import { Link } from '../../app/router';
import { short } from '../../ui/hash';
import { Badge, Card, Page, type Tone } from '../../ui/layout';
import { Empty, Show } from '../../ui/states';
import { Table } from '../../ui/table';
import { Day, Time } from '../../ui/time';

type State = Schemas['RecordRow']['state'];
const states: Record<State, [string, Tone?]> = {
  made: ['made', 'busy'], 'handed-over': ['on its way', 'busy'], anchored: ['anchored', 'good'],
  waiting: ['waiting', 'warn'], refused: ['refused', 'bad'],
};

export function RecordState({ state }: { state: State }) {
  const [text, tone] = states[state];
  return <Badge tone={tone}>{text}</Badge>;
}

export default function Records() {
  const records = useData('/records');
  return <Page title="My records" about="What doctors wrote about you. New records appear by themselves.">
    <Card flush>
      <Show loaded={records}>{(rows) => rows.length === 0
        ? <Empty title="No records yet">When a doctor hands one over, it is checked and appears here.</Empty>
        : <Table label="Records" rows={rows} keyOf={(one) => one.merkleRoot} columns={[
          { label: 'Record', cell: (one) => <Link to={`/records/${one.merkleRoot}`}>{one.category ?? short(one.merkleRoot)}</Link> },
          { label: 'Issued', cell: (one) => one.issued && <Day at={one.issued} /> },
          { label: 'Hospital', cell: (one) => one.hospital },
          { label: 'State', cell: (one) => <RecordState state={one.state} /> },
          { label: 'Anchored', cell: (one) => <Time at={one.anchoredAt} /> },
          { label: 'Releases left', number: true, cell: (one) => one.releasesLeft },
        ]} />}</Show>
    </Card>
  </Page>;
}
