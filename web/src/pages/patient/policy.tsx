// What is answered without asking the patient.
import { useState } from 'preact/hooks';
import { api, type Schemas } from '../../api/client';
import { useData } from '../../api/use';
import { Act } from '../../ui/act';
import { Choice, Field } from '../../ui/form';
import { Card, Page } from '../../ui/layout';
import { formatEther, parseEther } from '../../ui/money';
import { Note, Show } from '../../ui/states';

type Policy = Schemas['SalePolicy'];
type Mode = 'ask' | 'never' | 'accept';

const modeOf = (one: Policy): Mode => one.never ? 'never' : one.categories.length > 0 ? 'accept' : 'ask';

function Form({ policy, known, done }: { policy: Policy; known: readonly string[]; done: () => void }) {
  const [mode, setMode] = useState(modeOf(policy));
  const [categories, setCategories] = useState<readonly string[]>(policy.categories);
  const [price, setPrice] = useState(formatEther(BigInt(policy.minPriceWei), 18).replaceAll(',', ''));
  const [keepKeys, setKeep] = useState(policy.keepKeys ?? false);
  const wei = parseEther(price);
  const wrong = mode !== 'accept' ? undefined : wei === undefined ? 'An amount, such as 0.05' : categories.length === 0 ? 'Choose a category' : undefined;
  const body: Policy = { categories: mode === 'accept' ? [...categories] : [], minPriceWei: String(mode === 'accept' ? wei ?? 0n : 0n),
    never: mode === 'never', keepKeys };
  const all = [...new Set([...known, ...policy.categories])];
  return <div class="stack">
    <fieldset><legend>When a hospital asks</legend>
      <Choice type="radio" name="mode" label="Ask me each time" checked={mode === 'ask'} onChange={() => setMode('ask')} />
      <Choice type="radio" name="mode" label="Accept by itself what is below, and ask me about the rest" checked={mode === 'accept'} onChange={() => setMode('accept')} />
      <Choice type="radio" name="mode" label="Never sell: decline everything" checked={mode === 'never'} onChange={() => setMode('never')} />
    </fieldset>
    {mode === 'accept' && <>
      <fieldset><legend>Categories</legend><div class="columns-choices">{all.map((name) => <Choice key={name} label={name} checked={categories.includes(name)}
        onChange={(on) => setCategories(on ? [...categories, name] : categories.filter((one) => one !== name))} />)}</div></fieldset>
      <Field label="At least, for a record, in ETH" wrong={wei === undefined ? wrong : undefined}>{(id) =>
        <input id={id} inputMode="decimal" value={price} aria-invalid={wei === undefined} onInput={(e) => setPrice(e.currentTarget.value)} />}</Field>
    </>}
    {mode !== 'never' && <Choice label="Keep my key until I have seen that the delivery is as agreed" checked={keepKeys} onChange={setKeep} />}
    <div><Act label="Save" kind="primary" disabled={wrong !== undefined} done={done} said="Saved"
      call={(query) => api.post('/consents/policy', body, { query })}>
      <p>{mode === 'ask' ? 'Every question waits for your answer.' : mode === 'never' ? 'Every question is declined. No data of yours is sold.'
        : `Questions about ${categories.join(', ')} are accepted from ${price} ETH for a record on. The rest waits for you.`}</p></Act></div>
  </div>;
}

export default function PolicyPage() {
  const policy = useData('/consents/policy');
  const rules = useData('/deidentification', {}, false);
  return <Page title="Standing answer" about="What your node answers for you when a hospital asks to sell data of yours.">
    <Show loaded={policy}>{(one) => <>
      {modeOf(one) !== 'ask' && <Note kind={one.never ? 'warn' : 'good'}>{one.never ? 'Everything is declined.'
        : `Accepted by itself: ${one.categories.join(', ')}, from ${formatEther(BigInt(one.minPriceWei))} ETH for a record on.`}</Note>}
      <Card title="Your answer"><Form key={JSON.stringify(one)} policy={one} known={rules.data?.categories ?? []} done={policy.reload} /></Card>
    </>}</Show>
  </Page>;
}
