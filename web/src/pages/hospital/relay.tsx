import { api, type Schemas } from '../../api/client';
import { Act } from '../../ui/act';
import { Address, Hash } from '../../ui/hash';
import { Card, Page } from '../../ui/layout';
import { Empty } from '../../ui/states';
import { Paged, Table, usePaged } from '../../ui/table';
import { Time } from '../../ui/time';
import { RecordState } from '../patient/records';

type Row = Schemas['RecordRow'];

export default function Relay() {
  const list = usePaged('/records');
  return <Page title="Relay and doctors" about="Records that doctors handed over. They are checked and anchored under the hospital's name: the chain never sees the doctor."
    actions={<Act label="Anchor now" kind="primary" call={(query) => api.post('/records/relay', {}, { query })} done={list.loaded.reload}
      said="Anchored what was ready"><p>The node does so by itself; this does it now.</p></Act>}>
    <Card title="Records" flush>
      <Paged<Row> list={list} empty={<Empty title="Nothing handed over yet">A record appears here when a doctor hands it over.</Empty>}>{(rows) =>
        <Table label="Records" rows={rows} keyOf={(one) => one.merkleRoot} columns={[
          { label: 'Merkle root', cell: (one) => <Hash of={one.merkleRoot} what="Merkle root" /> },
          { label: 'State', cell: (one) => <><RecordState state={one.state} /> {one.reason && <span class="quiet small">{one.reason}</span>}</> },
          { label: 'Patient', cell: (one) => <Address of={one.owner} /> },
          { label: 'Key version', number: true, cell: (one) => one.keyVersion },
          { label: 'Anchored', cell: (one) => <Time at={one.anchoredAt} /> },
        ]} />}</Paged>
    </Card>
  </Page>;
}
