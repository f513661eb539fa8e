import { useState } from 'preact/hooks';
import { api, type Schemas } from '../../api/client';
import { useData } from '../../api/use';
import { go } from '../../app/router';
import { Act } from '../../ui/act';
import { Choice, Field } from '../../ui/form';
import { Card, Facts, Page } from '../../ui/layout';
import { count, Eth, parseEther } from '../../ui/money';
import { sayFields } from '../request/state';

type Template = Schemas['GivenTemplate'];
type Part = 'demographics' | 'medical_data';
const parts: [Part, string, [string, string][]][] = [
  ['demographics', 'Who it is about', [['age', 'Age, in bands of five years'], ['gender', 'Gender'], ['location', 'State'], ['ethnicity', 'Ethnicity']]],
  ['medical_data', 'What is known', [['diagnosis', 'Diagnoses'], ['treatment', 'Treatments'], ['medications', 'Medications'], ['lab_results', 'Laboratory results']]],
];
const windows = [['replyWindow', 'To offer', '3'], ['deliverWindow', 'To deliver', '14'], ['verifyWindow', 'To verify', '7'],
  ['ruleWindow', 'To rule', '14']] as const;
type WindowName = (typeof windows)[number][0];
const day = 86400;

const nothing: Template = {
  category: '', demographics: { age: false, gender: false, location: false, ethnicity: false },
  medical_data: { diagnosis: false, treatment: false, medications: false, lab_results: false },
  time_period: '1 year', min_records: 10, price_wei: '0',
};

// What is wrong with it, or nothing. The node decides; this only says it while one types.
function faultOf(template: Template, codes: string[]): string | undefined {
  if (template.category === '') return 'Choose a category.';
  if (sayFields(template) === '') return 'Choose at least one field.';
  if (codes.some((one) => !/^[0-9A-Za-z.-]{1,32}$/.test(one))) return 'A code has letters, digits, dots and hyphens only.';
  if (codes.length > 0 && !Object.values(template.medical_data).some(Boolean)) return 'Codes need one of the lists they could stand in.';
  if (!(template.min_records >= 1 && template.min_records <= 65535)) return 'The number of records is 1 to 65,535.';
  if (template.price_wei === '0') return 'Name a price.';
  return undefined;
}

export default function Create() {
  const rules = useData('/deidentification');
  const [template, setTemplate] = useState(nothing);
  const [years, setYears] = useState('1');
  const [price, setPrice] = useState('');
  const [codes, setCodes] = useState('');
  const [most, setMost] = useState('');
  const [days, setDays] = useState<Partial<Record<WindowName, string>>>({});
  const set = (change: Partial<Template>) => setTemplate({ ...template, ...change });
  const filters = codes.split(/[\s,]+/).filter(Boolean);
  const wei = parseEther(price);
  const whole: Template = { ...template, price_wei: String(wei ?? 0n), time_period: `${years} year${years === '1' ? '' : 's'}`,
    ...(filters.length > 0 && { filters }) };
  const fault = faultOf(whole, filters);
  const body = { template: whole, ...(most !== '' && { maxRecords: Number(most) }),
    ...Object.fromEntries(Object.entries(days).filter(([, n]) => n !== '').map(([name, n]) => [name, Math.round(Number(n) * day)])) };
  const entries = BigInt(Math.max(0, Math.trunc(Number(most || whole.min_records)) || 0));
  return <Page title="New request" about="What you want to buy, from how many patients, for how much. The price lies in escrow until you have verified the data, or goes back to you.">
    <div class="columns">
      <Card title="What"><form class="stack" onSubmit={(e) => e.preventDefault()}>
        <Field label="Category">{(id) => <select id={id} value={template.category} onChange={(e) => set({ category: e.currentTarget.value })}>
          <option value="">Choose</option>
          {rules.data?.categories.map((one) => <option key={one} value={one}>{one}</option>)}</select>}</Field>
        {parts.map(([part, title, fields]) => <fieldset key={part}><legend>{title}</legend>
          {fields.map(([name, label]) => <Choice key={name} label={label} checked={(template[part] as Record<string, boolean>)[name]!}
            onChange={(on) => set({ [part]: { ...template[part], [name]: on } })} />)}</fieldset>)}
        <Field label="From the last years" help="1 to 150.">{(id) => <input id={id} type="number" min="1" max="150" value={years}
          onInput={(e) => setYears(e.currentTarget.value)} />}</Field>
        <Field label="Only with codes beginning with" help="Such as I25 (ICD-10) or 2093-3 (LOINC); any of them is enough. Empty: all.">{(id) =>
          <input id={id} value={codes} onInput={(e) => setCodes(e.currentTarget.value)} />}</Field>
      </form></Card>
      <Card title="How many, how much, how long"><form class="stack" onSubmit={(e) => e.preventDefault()}>
        <Field label="Records, at least" help="With fewer nothing is delivered, and the money comes back.">{(id) => <input id={id} type="number" min="1" max="65535"
          value={template.min_records} onInput={(e) => set({ min_records: Number(e.currentTarget.value) })} />}</Field>
        <Field label="Records, at most">{(id) => <input id={id} type="number" min="1" max="65535" value={most}
          onInput={(e) => setMost(e.currentTarget.value)} />}</Field>
        <Field label="Price of all, in ETH" wrong={price !== '' && wei === undefined ? 'An amount such as 1.5' : undefined}>{(id) =>
          <input id={id} inputMode="decimal" value={price} onInput={(e) => setPrice(e.currentTarget.value)} />}</Field>
        <fieldset><legend>Days</legend><div class="columns-small">
          {windows.map(([name, label, standard]) => <Field key={name} label={label}>{(id) => <input id={id} type="number" min="0.05" max="90" step="any"
            placeholder={standard} value={days[name] ?? ''} onInput={(e) => setDays({ ...days, [name]: e.currentTarget.value })} />}</Field>)}
        </div></fieldset>
      </form></Card>
    </div>
    <Card title="So you ask for"><div class="stack">
      <Facts rows={[
        ['Fields', sayFields(whole) || 'none yet'],
        ['From', `${whole.category || 'no category yet'}, the last ${whole.time_period}`],
        ['Records', `${count(whole.min_records)} at least${most && `, ${count(Number(most))} at most`}`],
        ['Escrow', wei === undefined ? undefined : <Eth wei={wei} />],
        ['A record costs', wei === undefined || entries === 0n ? undefined : <>about <Eth wei={wei / entries} /></>],
      ]} />
      {fault && <p class="quiet" role="status">{fault}</p>}
      <div><Act label="Request" kind="primary" disabled={fault !== undefined} call={(query) => api.post('/requests', body, { query })}
        done={(answer) => go(answer.requestId === undefined ? '/requests' : `/requests/${answer.requestId}`)} said="The request is made">
        <p><Eth wei={wei ?? 0n} /> goes into escrow. A key of its own is made for this request: only you can read what is delivered.</p>
      </Act></div>
    </div></Card>
  </Page>;
}
