import { Link } from '../../app/router';
import { Address, short } from '../../ui/hash';
import { Badge, Card, Page } from '../../ui/layout';
import { Empty } from '../../ui/states';
import { Paged, Table, usePaged } from '../../ui/table';
import { Day, Time } from '../../ui/time';

export default function Shared() {
  const list = usePaged('/shares');
  return <Page title="Shared with me" about="What patients let you read.">
    <Card flush>
      <Paged list={list} empty={<Empty title="Nothing is shared with you">A share appears here by itself. Patients need your contact card.</Empty>}>{(rows) =>
        <Table label="Shares" rows={rows} keyOf={(one) => one.cidShare} columns={[
          { label: 'Share', cell: (one) => <Link to={`/shared/${one.cidShare}`}>{short(one.cidShare)}</Link> },
          { label: 'Patient', cell: (one) => <Address of={one.patient} /> },
          { label: 'State', cell: (one) => <Badge tone={one.state === 'open' ? 'good' : undefined}>{one.state}</Badge> },
          { label: 'Came', cell: (one) => <Time at={one.created} /> },
          { label: 'Until', cell: (one) => one.expires && <Day at={one.expires} /> },
        ]} />}</Paged>
    </Card>
  </Page>;
}
