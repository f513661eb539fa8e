import { Link } from '../../app/router';
import { Address, Hash } from '../../ui/hash';
import { Card, Page } from '../../ui/layout';
import { Empty } from '../../ui/states';
import { Paged, Table, usePaged } from '../../ui/table';
import { Time } from '../../ui/time';
import { RecordState } from '../patient/records';

export default function Written() {
  const list = usePaged('/records');
  return <Page title="Records I wrote" about="Only your own node knows that you wrote them: it keeps no content, and on the chain stands the group's signature."
    actions={<Link class="button button-primary" to="/new-record">New record</Link>}>
    <Card flush>
      <Paged list={list} empty={<Empty title="None yet">Write one, or read in a FHIR file.</Empty>}>{(rows) =>
        <Table label="Records" rows={rows} keyOf={(one) => one.merkleRoot} columns={[
          { label: 'Merkle root', cell: (one) => <Hash of={one.merkleRoot} what="Merkle root" /> },
          { label: 'State', cell: (one) => <><RecordState state={one.state} /> {one.reason && <span class="quiet small">{one.reason}</span>}</> },
          { label: 'Patient', cell: (one) => <Address of={one.owner} /> },
          { label: 'Anchored', cell: (one) => <Time at={one.anchoredAt} /> },
        ]} />}</Paged>
    </Card>
  </Page>;
}
