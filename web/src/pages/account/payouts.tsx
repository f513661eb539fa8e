// What a patient's sales paid, each to an account of its own.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import { Act } from '../../ui/act';
import { Field } from '../../ui/form';
import { Address } from '../../ui/hash';
import { Card } from '../../ui/layout';
import { Eth } from '../../ui/money';
import { Empty } from '../../ui/states';
import { Paged, Table, usePaged } from '../../ui/table';
import { Time } from '../../ui/time';
import { Link } from '../../app/router';

export function Payouts() {
  const list = usePaged('/accounts/payouts');
  const [to, setTo] = useState('');
  return <Card title="What sales paid" flush>
    <Paged list={list} empty={<Empty title="Nothing was sold yet">Each sale is paid to a fresh account, so that nobody can tell that two were yours.</Empty>}>{(rows) => <>
      <Table label="What sales paid" rows={rows} keyOf={(one) => one.address} columns={[
        { label: 'Sale', cell: (one) => <Link to={`/consents/${one.requestId}`}>Request {one.requestId}</Link> },
        { label: 'Account', cell: (one) => <Address of={one.address} /> },
        { label: 'Agreed', cell: (one) => <Time at={one.created} /> },
        { label: 'Has', number: true, cell: (one) => one.balanceWei === undefined ? 'not known' : <Eth wei={one.balanceWei} /> },
        { label: 'Action', cell: (one) => one.balanceWei !== undefined && BigInt(one.balanceWei) > 0n && <Act label="Send on" disabled={to.trim() === ''} said="Sent on"
          done={list.loaded.reload} call={(query) => api.post('/accounts/collect', { payout: one.address, to: to.trim() }, { query })}>
          <p>All that sale {one.requestId} paid, but for the gas, goes to <b>{to}</b>. Everybody can see that on the chain: sales sent to one account
            are seen to be one person's, and an account that is known to be yours says whose.</p></Act> },
      ]} />
      <div class="card-body"><div class="stack"><Field label="Send on to" help="An account of yours: an address, or a name that your node knows.">{(id) =>
        <input id={id} class="mono" value={to} onInput={(e) => setTo(e.currentTarget.value)} />}</Field></div></div></>}</Paged>
  </Card>;
}
