import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import { useData } from '../../api/use';
import { session } from '../../app/session';
import { Act } from '../../ui/act';
import { Field } from '../../ui/form';
import { Address } from '../../ui/hash';
import { Card, Facts, Page } from '../../ui/layout';
import { Eth, parseEther } from '../../ui/money';
import { Note, Show } from '../../ui/states';
import { Time } from '../../ui/time';
import { Contacts } from './contacts';
import { Payouts } from './payouts';

function Pay({ done }: { done: () => void }) {
  const [to, setTo] = useState('');
  const [amount, setAmount] = useState('');
  const wei = parseEther(amount);
  return <Card title="Send ether"><div class="stack">
    <Field label="To" help="A name that your node knows, or an address.">{(id) => <input id={id} value={to} onInput={(e) => setTo(e.currentTarget.value)} />}</Field>
    <Field label="Amount, in ETH" wrong={amount !== '' && wei === undefined ? 'An amount such as 0.05' : undefined}>{(id) =>
      <input id={id} inputMode="decimal" value={amount} onInput={(e) => setAmount(e.currentTarget.value)} />}</Field>
    <div><Act label="Send" disabled={to.trim() === '' || !wei} done={done} said="Sent"
      call={(query) => api.post('/accounts/pay', { to: to.trim(), wei: String(wei) }, { query })}>
      <p><Eth wei={wei ?? 0n} /> to <b>{to}</b>. It cannot be taken back.</p></Act></div>
  </div></Card>;
}

function Profile() {
  const [inbox, setInbox] = useState('');
  return <Card title="Profile"><div class="stack">
    <p class="quiet">Your name and public keys, on the chain for everyone. Patients and doctors rather give their card to whom they choose.</p>
    <Field label="Where other nodes deliver to you" help="A https address of this node; without one, none.">{(id) =>
      <input id={id} type="url" value={inbox} onInput={(e) => setInbox(e.currentTarget.value)} />}</Field>
    <div><Act label="Publish" said="Published" call={(query) => api.post('/profile', inbox.trim() === '' ? {} : { inbox: inbox.trim() }, { query })}>
      <p>Everybody can read it, and what was published stays readable.</p></Act></div>
  </div></Card>;
}

// A payment that it could not be sent, or a bond that came back.
function Credit({ done }: { done: () => void }) {
  const credit = useData('/accounts/credit').data;
  if (!credit || BigInt(credit.creditWei) === 0n) return null;
  return <Note kind="warn"><b>The contract owes you <Eth wei={credit.creditWei} /></b>
    <span>A payment could not be sent to you, or a bond came back.</span>
    <span class="row"><Act label="Withdraw" kind="primary" done={done} said="Paid out" call={(query) => api.post('/accounts/withdraw', {}, { query })} /></span></Note>;
}

export default function Account() {
  const shown = useData('/accounts');
  return <Page title="Account" about="Who you are here, what you have, and whom your node knows.">
    <Show loaded={shown}>{(rows) => {
      const own = rows.find((one) => one.address === session.value?.identity) ?? rows[0];
      return own && <Card title={own.name}><Facts rows={[
        ['Address', <Address of={own.address} />], ['Balance', own.balanceWei === undefined ? 'the chain does not answer' : <Eth wei={own.balanceWei} />],
        ['Wallet', own.wallet === 'home' ? 'kept by this node' : 'in your browser'], ['Made', <Time at={own.created} />],
      ]} /></Card>;
    }}</Show>
    <Credit done={shown.reload} />
    {session.value?.role === 'patient' && <Payouts />}
    <div class="columns"><Contacts /><Profile /><Pay done={shown.reload} /></div>
  </Page>;
}
