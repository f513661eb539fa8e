// A doctor's proof that a signature is its own.
import { useState } from 'preact/hooks';
import { api, type Schemas } from '../../api/client';
import { useTask } from '../../api/use';
import { Checks } from '../../ui/checks';
import { Button, Field } from '../../ui/form';
import { Address } from '../../ui/hash';
import { Card } from '../../ui/layout';
import { Note, Problem } from '../../ui/states';

export function Claim() {
  const [text, setText] = useState('');
  const [nonce, setNonce] = useState('');
  const check = useTask(async () => {
    let claim: Schemas['Claim'];
    try {
      claim = JSON.parse(text) as Schemas['Claim'];
    } catch {
      throw new Error('That is not JSON: paste the whole claim');
    }
    return api.post('/claims/verify', { claim, nonce });
  });
  return <Card title="Check a claim"><div class="stack">
    <p class="quiet">A doctor may prove that a signature is its own, for one purpose and for the nonce that you gave.</p>
    <Field label="Claim">{(id) => <textarea id={id} value={text} onInput={(e) => setText(e.currentTarget.value)} />}</Field>
    <Field label="Your nonce">{(id) => <input id={id} value={nonce} onInput={(e) => setNonce(e.currentTarget.value.trim())} />}</Field>
    <div><Button disabled={!text || !nonce} isBusy={check.isBusy} onClick={() => void check.run()}>Check it</Button></div>
    {check.error && <Problem error={check.error} />}
    {check.result && <><Note kind={check.result.passed ? 'good' : 'bad'}><b>{check.result.passed ? 'It holds' : 'It does not hold'}</b>
      <span>Claimed by <Address of={check.result.claimant} /> for “{check.result.purpose}”.</span></Note>
      <Checks checks={check.result.checks} /></>}
  </div></Card>;
}
