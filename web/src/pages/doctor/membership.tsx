import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import { useData, useTask } from '../../api/use';
import { Link } from '../../app/router';
import { Act } from '../../ui/act';
import { Button, Field } from '../../ui/form';
import { Copy, Hash } from '../../ui/hash';
import { Badge, Card, Facts, Page } from '../../ui/layout';
import { Note, Problem, Show } from '../../ui/states';
import { Time } from '../../ui/time';
import { Claim } from '../opening/claim';

function Join({ done }: { done: () => void }) {
  const [licence, setLicence] = useState('');
  return <div class="stack">
    <Field label="Licence" help="Under which you practise. The Group Manager checks it and keeps it.">{(id) =>
      <input id={id} value={licence} maxLength={256} onInput={(e) => setLicence(e.currentTarget.value)} />}</Field>
    <div><Act label="Ask to join" kind="primary" disabled={licence.trim() === ''} done={done} said="Asked: the membership comes by itself"
      call={(query) => api.post('/group/join', { licence }, { query })}>
      <p>A signing key is made here and never leaves. Your wallet signs that you asked, so that nobody can be made a member unseen.</p></Act></div>
  </div>;
}

const isNonce = (text: string) => /^0x[0-9a-f]{64}$/.test(text.trim());

function MakeClaim() {
  const [record, setRecord] = useState('');
  const [purpose, setPurpose] = useState('');
  const [nonce, setNonce] = useState('');
  const make = useTask(() => api.post('/claims', { record: record.trim(), purpose: purpose.trim(), nonce: nonce.trim() }));
  const text = make.result && JSON.stringify(make.result);
  return <div class="stack">
    <p class="quiet">Where somebody else is suspected: it proves to one verifier that this signature is yours.</p>
    <Field label="Record" help="Its Merkle root or CID.">{(id) => <input id={id} class="mono" value={record} onInput={(e) => setRecord(e.currentTarget.value)} />}</Field>
    <Field label="What it is for">{(id) => <input id={id} value={purpose} maxLength={256} onInput={(e) => setPurpose(e.currentTarget.value)} />}</Field>
    <Field label="The verifier's nonce" help="32 bytes, 0x and 64 digits, that the verifier gave you.">{(id) =>
      <input id={id} class="mono" value={nonce} onInput={(e) => setNonce(e.currentTarget.value)} />}</Field>
    <div><Button isBusy={make.isBusy} disabled={record.trim() === '' || purpose.trim() === '' || !isNonce(nonce)} onClick={() => void make.run()}>Claim it</Button></div>
    {make.error && <Problem error={make.error} />}
    {text && <Note kind="good"><b>Your claim</b><span class="row"><span class="mono small card-text">{text}</span><Copy text={text} what="the claim" /></span></Note>}
  </div>;
}

export default function Membership() {
  const shown = useData('/group/membership');
  return <Page title="Membership and claims" about="As a member you sign for the group: nobody can tell which doctor it was, unless both managers agree to find out.">
    <Show loaded={shown}>{(one) => <div class="columns">
      <Card title="Membership"><div class="stack">
        <Facts rows={[
          ['State', one.isMember ? one.isCurrent === false ? <Badge tone="warn">of an earlier group key</Badge> : <Badge tone="good">member</Badge>
            : one.invitation ? <Badge tone="busy">{one.invitation.answered ? 'asked' : 'invited'}</Badge> : <Badge>not a member</Badge>],
          ['Group key', one.keyVersion !== undefined ? `version ${one.keyVersion}` : undefined],
          ['Invited for key', one.invitation && <Hash of={one.invitation.fingerprint} what="fingerprint" />],
          ['Answer', one.invitation && !one.invitation.answered ? <Time at={one.invitation.expires} /> : undefined],
        ]} />
        {one.invitation && !one.invitation.answered && <Join done={shown.reload} />}
        {one.invitation?.answered && <Note>The Group Manager looks at it; the membership comes by itself.</Note>}
        {(!one.isMember || one.isCurrent === false) && !one.invitation && <Note>Give the Group Manager your contact card (<Link to="/account">Account</Link>), and wait for an invitation.</Note>}
      </div></Card>
      </div>}</Show>
    <div class="columns">
      <Card title="Claim a signature as mine"><MakeClaim /></Card>
      <Claim />
    </div>
  </Page>;
}
