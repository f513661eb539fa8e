import { useData } from '../../api/use';
import { Link } from '../../app/router';
import { Address } from '../../ui/hash';
import { Card, Page } from '../../ui/layout';
import { count } from '../../ui/money';
import { Empty, Show } from '../../ui/states';
import { Table } from '../../ui/table';
import { Time } from '../../ui/time';

export default function Disputes() {
  const list = useData('/disputes');
  return <Page title="Disputes" about="What buyers say of data they were delivered. What both managers say alike counts; what they do not agree on in time is paid.">
    <Card flush><Show loaded={list}>{(rows) => rows.length === 0 ? <Empty title="Nothing is in dispute">A dispute appears here by itself, with its evidence.</Empty>
      : <Table label="Disputes" rows={rows} keyOf={(one) => one.requestId} columns={[
        { label: 'Request', cell: (one) => <Link to={`/disputes/${one.requestId}`}>Request {one.requestId}</Link> },
        { label: 'Needs', cell: (one) => one.needs },
        { label: 'In dispute', number: true, cell: (one) => count(one.disputed) },
        { label: 'With evidence', number: true, cell: (one) => count(one.withEvidence) },
        { label: 'Rule by', cell: (one) => <Time at={one.ruleBy} /> },
        { label: 'Buyer', cell: (one) => <Address of={one.buyer} /> },
        { label: 'Hospital', cell: (one) => <Address of={one.hospital} /> },
      ]} />}</Show></Card>
  </Page>;
}
