// What a hospital can do about a request, where it is.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import { useTask } from '../../api/use';
import { session } from '../../app/session';
import { Act } from '../../ui/act';
import { Button, Field } from '../../ui/form';
import { Address } from '../../ui/hash';
import { Card, Facts } from '../../ui/layout';
import { count, Eth } from '../../ui/money';
import { Note, Problem } from '../../ui/states';
import { Table } from '../../ui/table';
import type { WorkProps } from '../request/request';
import { Time } from '../../ui/time';

const isPast = (at: string | undefined) => at !== undefined && Date.parse(at) < Date.now();

// How many records match, and how many of them may be sold at that k.
function Offer({ request, reload }: WorkProps) {
  const [k, setK] = useState('');
  const path = { requestId: request.requestId };
  const body = k === '' ? {} : { k: Number(k) };
  const match = useTask(() => api.post('/requests/{requestId}/reply', body, { path, query: { dryRun: true } }));
  return <div class="stack">
    <Field label="Patients alike, at least (k)" help="Nobody stands out among k patients with the same quasi-identifiers. Empty: as your node is configured.">{(id) =>
      <input id={id} type="number" min="2" max="10000" value={k} onInput={(e) => setK(e.currentTarget.value)} />}</Field>
    <div class="row"><Button isBusy={match.isBusy} onClick={() => void match.run()}>Count what matches</Button>
      <Act label="Offer" kind="primary" call={(query) => api.post('/requests/{requestId}/reply', body, { path, query })} done={reload}
        said="The offer is made">
        <p>A tenth of the price is put down as a bond. Who offers and does not deliver in time loses it.</p></Act></div>
    {match.error && <Problem error={match.error} />}
    {match.result && <Facts rows={[
      ['May be sold', `${count(match.result.available)} records`],
      ['Kept back', `${count(match.result.suppressed)} records${match.result.suppressed > 0
        ? ': too few alike, one diagnosis for all, or an earlier sale would single patients out' : ''}`],
      ['Smallest class', `${count(match.result.k)} patients (k = ${match.result.leastK})`],
      ['Bond', <Eth wei={match.result.bondWei} />],
    ]} />}
  </div>;
}

function Deliver({ request, reload }: WorkProps) {
  const path = { requestId: request.requestId };
  const given = request.consents?.['given'] ?? 0, wanted = request.consents?.['wanted'] ?? 0;
  const look = useTask(() => api.post('/requests/{requestId}/deliver', {}, { path, query: { dryRun: true } }));
  const refused = look.result?.refused ?? [];
  return <div class="stack">
    <Facts rows={[
      ['Agreed', count(given)], ['Still to answer', count(wanted)], ['Declined', count(request.consents?.['declined'] ?? 0)],
      ['Needed', count(request.minRecords)], ['Time ends', <Time at={request.deadline} />],
    ]} />
    <div class="row">
      <Act label={given + wanted > 0 ? 'Ask again' : 'Ask the patients'} {...(given + wanted === 0 && { kind: 'primary' as const })}
        call={(query) => api.post('/requests/{requestId}/ask', {}, { path, query })} done={reload} said="The patients are asked">
        <p>Every patient whose record may be sold is asked, once. Each sees the very values that would leave.</p></Act>
      {given > 0 && <Button isBusy={look.isBusy} onClick={() => void look.run()}>See what would be delivered</Button>}
      {given > 0 && <Act label="Deliver" kind="primary" call={(query) => api.post('/requests/{requestId}/deliver', {}, { path, query })} done={reload}
        said="Delivered"><p>Every answer is checked once more, then the entries go to the chain and the manifest to the buyer.
        Nothing can be added afterwards{wanted > 0 && <>; <b>{count(wanted)}</b> patients have not answered yet</>}.</p></Act>}
    </div>
    {look.error && <Problem error={look.error} />}
    {look.result && <Facts rows={[
      ['Would be delivered', `${count(look.result.entries)} records`], ['Kept back', `${count(look.result.suppressed)} records`],
      ['Each is paid', <Eth wei={look.result.partWei} />],
    ]} />}
    {refused.length > 0 && <Table label="Refused answers" rows={refused} keyOf={(one) => one.record} columns={[
      { label: 'Patient', cell: (one) => <Address of={one.patient} /> }, { label: 'Why', cell: (one) => one.reason },
    ]} />}
  </div>;
}

export function HospitalWork({ request, reload }: WorkProps) {
  const path = { requestId: request.requestId };
  const isMine = request.hospital !== undefined && request.hospital === session.value?.identity;
  if (request.state === 'pending') return <Card title="Offer"><Offer request={request} reload={reload} /></Card>;
  if (!isMine) return null;
  if (request.state === 'replied') return <Card title="Deliver"><Deliver request={request} reload={reload} /></Card>;
  if ((request.state === 'filled' || request.state === 'verified') && isPast(request.deadline))
    return <Card title="The time to verify is over"><div class="stack"><Note>The buyer said nothing: it is paid.</Note>
      <div><Act label="Have it paid" kind="primary" done={reload} said="Paid"
        call={(query) => api.post('/requests/{requestId}/finalize', {}, { path, query })} /></div></div></Card>;
  return null;
}
