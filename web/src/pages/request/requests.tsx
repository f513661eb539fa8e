import { Link } from '../../app/router';
import { session } from '../../app/session';
import { Address } from '../../ui/hash';
import { Card, Page } from '../../ui/layout';
import { count, Eth } from '../../ui/money';
import { Empty } from '../../ui/states';
import { Paged, Table, usePaged, type Column } from '../../ui/table';
import { Time } from '../../ui/time';
import { RequestState, type Request } from './state';

const isOpen = (one: Request) => one.state !== 'finalized' && one.state !== 'refunded';

export default function Requests() {
  const list = usePaged('/requests');
  const isBuyer = session.value?.role === 'buyer';
  const other: Column<Request> = isBuyer
    ? { label: 'Hospital', cell: (one) => one.hospital && <Address of={one.hospital} /> }
    : { label: 'Buyer', cell: (one) => <Address of={one.buyer} /> };
  return <Page title={isBuyer ? 'My purchases' : 'Requests'}
    about={isBuyer ? 'What was asked for, where it is, and who moves next.' : 'What buyers ask for. Offer what you hold, ask the patients, deliver.'}
    actions={isBuyer && <Link class="button button-primary" to="/new-request">New request</Link>}>
    <Card flush>
      <Paged list={list} empty={<Empty title={isBuyer ? 'Nothing asked for yet' : 'No buyer has asked'}>
        {isBuyer ? 'Begin with a new request.' : 'A request appears here by itself.'}</Empty>}>{(rows) =>
        <Table label="Requests" rows={rows} keyOf={(one) => one.requestId} columns={[
          { label: 'Request', cell: (one) => <Link to={`/requests/${one.requestId}`}>Request {one.requestId}</Link> },
          { label: 'State', cell: (one) => <RequestState state={one.state} /> },
          { label: 'Escrow', number: true, cell: (one) => <Eth wei={one.escrowWei} /> },
          { label: 'Records', number: true, cell: (one) => one.count ? count(one.count) : one.minRecords !== undefined && <>
            {count(one.minRecords)} to {count(one.maxRecords)}</> },
          other,
          { label: 'Opened', cell: (one) => <Time at={one.opened} /> },
          { label: 'Deadline', cell: (one) => isOpen(one) && <Time at={one.deadline} /> },
        ]} />}</Paged>
    </Card>
  </Page>;
}
