// What a buyer can do about a request of its own, where it is.
import { api } from '../../api/client';
import { Link } from '../../app/router';
import { session } from '../../app/session';
import { Act } from '../../ui/act';
import { Card, Facts } from '../../ui/layout';
import { count } from '../../ui/money';
import { Note } from '../../ui/states';
import type { WorkProps } from '../request/request';
import { Time } from '../../ui/time';

const isPast = (at: string | undefined) => at !== undefined && Date.parse(at) < Date.now();

function Refund({ request, reload }: WorkProps) {
  return <Card title="The time is over"><div class="stack">
    <Note>{request.state === 'pending' ? 'No hospital has offered in time.' : 'The hospital has not delivered in time: its bond is yours too.'}</Note>
    <div><Act label="Take the money back" kind="primary" done={reload} said="The money is back"
      call={(query) => api.post('/requests/{requestId}/finalize', { refund: true }, { path: { requestId: request.requestId }, query })} /></div>
  </div></Card>;
}

function Delivered({ request, reload }: WorkProps) {
  const path = { requestId: request.requestId };
  const disputed = request.entries?.['disputed'] ?? 0;
  const keys = request.keys;
  return <Card title={request.verified ? 'Every check passed' : 'Verify, then pay'}><div class="stack">
    {keys && keys.awaited > 0 && <Note kind="warn">{count(keys.awaited)} patients send their keys by themselves once they have seen the delivery,
      by <Time at={keys.by} />. Verify then.</Note>}
    <Facts rows={[['Silence pays', <Time at={request.deadline} />], ['In dispute', disputed > 0 ? count(disputed) : undefined]]} />
    <div class="row">
      <Link class={`button${request.verified ? '' : ' button-primary'}`} to={`/requests/${request.requestId}/verify`}>
        {request.verified === undefined ? 'Verify' : 'Verification'}</Link>
      <Link class="button" to={`/requests/${request.requestId}/data`}>Data</Link>
      <Act label="Pay" {...(request.verified && { kind: 'primary' as const })} disabled={request.verified === undefined} done={reload} said="Paid"
        call={(query) => api.post('/requests/{requestId}/finalize', {}, { path, query })}>
        <p>Patients and hospital are paid, and it cannot be taken back. Entries in dispute wait for the managers.</p></Act>
    </div>
  </div></Card>;
}

// Entries ruled fraud: who signed them can be asked.
function Fraud({ request, reload }: WorkProps) {
  const found = request.disputes?.filter((one) => one.status === 'fraud') ?? [];
  if (found.length === 0) return null;
  return <Card title="Ruled fraud"><div class="stack">
    <p>Both managers together can find out which doctor signed it; the answer comes to your openings.</p>
    <div class="row">{found.map((one) => <Act key={one.index} label={`Ask who signed entry ${one.index}`} done={reload} said="Asked"
      call={(query) => api.post('/requests/{requestId}/open', { entry: one.index }, { path: { requestId: request.requestId }, query })} />)}</div>
  </div></Card>;
}

export function BuyerWork({ request, reload }: WorkProps) {
  if (request.buyer !== session.value?.identity) return null;
  const { state } = request;
  if ((state === 'pending' || state === 'replied') && isPast(request.deadline)) return <Refund request={request} reload={reload} />;
  if (state === 'pending' || state === 'replied' || state === 'refunded') return null;
  return <>
    {state === 'finalized' ? <Card title="Yours"><div class="row">
      <Link class="button button-primary" to={`/requests/${request.requestId}/data`}>Data</Link>
      <Link class="button" to={`/requests/${request.requestId}/verify`}>Verification</Link></div></Card>
      : <Delivered request={request} reload={reload} />}
    <Fraud request={request} reload={reload} />
  </>;
}
