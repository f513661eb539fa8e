import type { Schemas } from '../../api/client';
import { url } from '../../api/client';
import { Link } from '../../app/router';
import { Address, short } from '../../ui/hash';
import { Card, Page } from '../../ui/layout';
import { Empty } from '../../ui/states';
import { Paged, Table, usePaged } from '../../ui/table';
import { Time } from '../../ui/time';

type Event = Schemas['AccessEvent'];
const events: Record<Event['event'], string> = {
  'share-granted': 'You shared a record', 'share-fetched': 'A doctor read what you shared',
  'share-revoked': 'You deleted a share', 'share-undone': 'A share was undone by the chain',
  'consent-wanted': 'A hospital asked for data', 'consent-given': 'You agreed to a sale',
  'consent-declined': 'You declined a sale', 'sale-delivered': 'Data was delivered to a buyer',
  'sale-finalized': 'The buyer paid', 'sale-refunded': 'The sale was called off', 'sale-disputed': 'The buyer disputed it',
  'sale-ruled': 'The managers ruled', 'sale-invalid': 'Proven invalid', 'opening-asked': 'An opening of the signature was asked for',
  'opening-approved': 'An opening was approved', 'complaint-logged': 'Somebody complained about a record',
  'complaint-opened': 'Both managers can read the record', 'complaint-declined': 'The managers declined a complaint',
};

export default function Access() {
  const list = usePaged('/access-log');
  return <Page title="Access log" about="Who was given what of your records, newest first." actions={<>
    <a class="button" href={url('/access-log', { query: { format: 'fhir' } })} download="access-log.fhir.json">FHIR AuditEvents</a>
    <a class="button" href={url('/access-log', { query: { format: 'fhir-consent' } })} download="consents.fhir.json">FHIR Consents</a>
  </>}>
    <Card flush>
      <Paged list={list} empty={<Empty title="Nobody was given anything" />}>{(rows) =>
        <Table label="Access log" rows={rows} keyOf={(_, i) => i} columns={[
          { label: 'What', cell: (one) => events[one.event] },
          { label: 'Record', cell: (one) => one.record && <Link to={`/records/${one.record}`}>{short(one.record)}</Link> },
          { label: 'To', cell: (one) => { const who = one.doctor ?? one.buyer ?? one.requester ?? one.hospital; return who && <Address of={who} />; } },
          { label: 'Request', number: true, cell: (one) => one.requestId },
          { label: 'When', cell: (one) => <Time at={one.time} /> },
        ]} />}</Paged>
    </Card>
  </Page>;
}
