import { useEffect, useState } from 'preact/hooks';
import { api, ApiError, type Schemas } from '../../api/client';
import { useData, useTask } from '../../api/use';
import { Link } from '../../app/router';
import { Act } from '../../ui/act';
import { Button, Field } from '../../ui/form';
import { Hash } from '../../ui/hash';
import { Badge, Card, Facts, Page } from '../../ui/layout';
import { count } from '../../ui/money';
import { Note, Problem } from '../../ui/states';
import { Steps } from '../../ui/steps';
import { Table } from '../../ui/table';
import { toast } from '../../ui/toast';
import { RecordState } from '../patient/records';
import { Imports } from './imports';
import { cleanRow, ListOf, type Column, type Row } from './list';

type Stored = Schemas['StoredRecord'];
type Deidentified = Schemas['Deidentified'];

const snomed = 'http://snomed.info/sct';
const lists: [string, string, Column[], string][] = [
  ['diagnosis', 'Diagnoses', ['system', 'code', 'display', 'date'], snomed],
  ['treatment', 'Treatments', ['system', 'code', 'display', 'date'], snomed],
  ['medications', 'Medications', ['system', 'code', 'display', 'dosage'], 'http://www.nlm.nih.gov/research/umls/rxnorm'],
  ['lab_results', 'Results', ['system', 'code', 'display', 'value', 'unit'], 'http://loinc.org'],
];
const who = ['age', 'gender', 'city', 'state', 'postal_code', 'country'] as const;
type Who = (typeof who)[number];

interface Draft { patient: string; hospital: string; category: string; issued: string; notes: string; who: Partial<Record<Who, string>>; lists: Record<string, Row[]> }
const today = () => new Date(Date.now() - new Date().getTimezoneOffset() * 60000).toISOString().slice(0, 10);
const empty = (): Draft => ({ patient: '', hospital: '', category: '', issued: today(), notes: '', who: {}, lists: {} });

// The record that the form says; the names stand for addresses that the node knows.
function recordOf(draft: Draft, patient: Schemas['Contact'], hospital: Schemas['Contact']): object {
  const { age, gender, ...place } = draft.who;
  const filled = (object: object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined && value !== ''));
  const location = filled(place);
  const demographics = filled({ age: age ? Number(age) : undefined, gender, ...(Object.keys(location).length > 0 && { location }) });
  const data = Object.fromEntries(lists.map(([name]) => [name, (draft.lists[name] ?? []).map(cleanRow).filter((row) => row !== undefined)])
    .filter(([, rows]) => rows!.length > 0));
  return {
    type: 'galen.record/1', patient: patient.address, issued: `${draft.issued}T12:00:00Z`,
    hospital: { name: hospital.name, address: hospital.address }, category: draft.category,
    ...(Object.keys(demographics).length > 0 && { demographics }), ...(Object.keys(data).length > 0 && { medical_data: data }),
    ...(draft.notes !== '' && { notes: draft.notes }),
  };
}

// Once typing pauses.
function usePaused<T>(value: T, ms = 500): T {
  const [paused, setPaused] = useState(value);
  const key = JSON.stringify(value);
  useEffect(() => {
    const timer = setTimeout(() => setPaused(value), ms);
    return () => clearTimeout(timer);
  }, [key]);
  return paused;
}

function useContact(name: string) {
  const contact = usePaused(name.trim());
  return useData(contact ? '/contacts/{contact}' : undefined, { path: { contact } }, false);
}

function Report({ of: one }: { of: Deidentified }) {
  const tone = { kept: 'good', generalised: 'warn', dropped: undefined } as const;
  return <Table label="What may be sold" rows={one.report} keyOf={(row) => row.path} columns={[
    { label: 'Field', cell: (row) => <span class="mono">{row.path}</span> },
    { label: 'Becomes', cell: (row) => <><Badge tone={tone[row.action]}>{row.action}</Badge>{row.result !== undefined && ` ${String(row.result)}`}</> },
    { label: 'Why', cell: (row) => <span class="quiet">{row.reason}</span> },
  ]} />;
}

// From here to the patient, live.
function Way({ of: stored }: { of: Stored }) {
  const path = { record: stored.merkleRoot };
  const shown = useData('/records/{record}', { path });
  const state = shown.data?.state;
  const at = state === 'anchored' ? 3 : state === 'handed-over' || state === 'waiting' ? 2 : 1;
  const step = (i: number) => (at > i ? 'done' : state === 'refused' ? 'failed' : at === i ? 'now' : 'later') as 'done';
  return <Steps steps={[
    { title: 'Signed and encrypted', state: 'done', detail: <p class="quiet">{count(stored.leaves)} fields, {count(stored.releases)} releases, Merkle root <Hash of={stored.merkleRoot} what="Merkle root" /></p> },
    { title: 'Handed to the hospital', state: step(1), detail: shown.data?.reason && <p>{shown.data.reason}</p> },
    { title: 'Anchored on the chain', state: step(2), detail: state && <RecordState state={state} /> },
  ]} />;
}

function Form() {
  const rules = useData('/deidentification', {}, false);
  const [draft, setDraft] = useState(empty);
  const [stored, setStored] = useState<Stored | undefined>();
  const set = (change: Partial<Draft>) => setDraft({ ...draft, ...change });
  const patient = useContact(draft.patient), hospital = useContact(draft.hospital);
  const isReady = draft.category !== '' && patient.data !== undefined && hospital.data !== undefined && draft.issued !== '';
  const record = isReady ? recordOf(draft, patient.data!, hospital.data!) : undefined;
  const paused = usePaused(record);
  const tried = useTask((body: object) => api.post('/records', { record: body } as never, { query: { dryRun: true } }));
  const report = useTask((body: object) => api.post('/records/deidentify', { record: body } as never));
  useEffect(() => { if (paused) void tried.run(paused); }, [JSON.stringify(paused)]);
  if (stored) return <Card title="The record is on its way"><div class="stack"><Way of={stored} />
    <div class="row"><Button kind="primary" onClick={() => { setDraft(empty()); setStored(undefined); }}>Write another</Button><Link class="button" to="/written">Records I wrote</Link></div></div></Card>;
  const find = (loaded: typeof patient, text: string) => (text === '' ? undefined : loaded.error?.message);
  return <>
    <div class="columns">
      <Card title="Circumstances"><form class="stack" onSubmit={(e) => e.preventDefault()}>
        <Field label="Patient" help="A name that your node knows, or an address." wrong={find(patient, draft.patient)}>{(id) =>
          <input id={id} value={draft.patient} onInput={(e) => set({ patient: e.currentTarget.value })} />}</Field>
        <Field label="Hospital" help="Where the patient was treated; it anchors the record." wrong={find(hospital, draft.hospital)}>{(id) =>
          <input id={id} list="hospitals" value={draft.hospital} onInput={(e) => set({ hospital: e.currentTarget.value })} />}</Field>
        <Field label="Category">{(id) => <select id={id} value={draft.category} onChange={(e) => set({ category: e.currentTarget.value })}>
          <option value="">Choose</option>{rules.data?.categories.map((one) => <option key={one} value={one}>{one}</option>)}</select>}</Field>
        <Field label="Day">{(id) => <input id={id} type="date" value={draft.issued} onInput={(e) => set({ issued: e.currentTarget.value })} />}</Field>
      </form></Card>
      <Card title="Age, gender, place"><form class="stack" onSubmit={(e) => e.preventDefault()}>
        <Field label="Age">{(id) => <input id={id} type="number" min="0" max="150" value={draft.who.age ?? ''} onInput={(e) => set({ who: { ...draft.who, age: e.currentTarget.value } })} />}</Field>
        <Field label="Gender">{(id) => <select id={id} value={draft.who.gender ?? ''} onChange={(e) => set({ who: { ...draft.who, gender: e.currentTarget.value } })}>
          <option value="">Not said</option>{['female', 'male', 'other', 'unknown'].map((one) => <option key={one} value={one}>{one}</option>)}</select>}</Field>
        <div class="columns-small">{(['city', 'state', 'postal_code', 'country'] as const).map((name) =>
          <Field key={name} label={{ city: 'City', state: 'State', postal_code: 'Postal code', country: 'Country' }[name]}>{(id) =>
            <input id={id} value={draft.who[name] ?? ''} onInput={(e) => set({ who: { ...draft.who, [name]: e.currentTarget.value } })} />}</Field>)}</div>
      </form></Card>
    </div>
    <Card title="Findings"><form class="stack stack-full" onSubmit={(e) => e.preventDefault()}>
      {lists.map(([name, title, columns, system]) => <ListOf key={name} title={title} columns={columns} system={system} rows={draft.lists[name] ?? []}
        set={(rows) => set({ lists: { ...draft.lists, [name]: rows } })} />)}
      <Field label="Notes" help="For who may read the record. Never sold.">{(id) => <textarea id={id} value={draft.notes} onInput={(e) => set({ notes: e.currentTarget.value })} />}</Field>
    </form></Card>
    <Card title="The record"><div class="stack">
      {tried.error && record && <Problem error={tried.error} />}
      {tried.result && record && <Facts rows={[
        ['Fields', count(tried.result.leaves)],
        ['Merkle root', <><Hash of={tried.result.merkleRoot} what="Merkle root" /> <span class="quiet small">of this draft; each is salted anew</span></>],
        ['Encrypted', `${count(tried.result.envelopeBytes)} bytes`], ['Group key', `version ${tried.result.keyVersion}`],
      ]} />}
      {!record && <p class="quiet" role="status">Patient, hospital, category and day first.</p>}
      {report.error && <Problem error={report.error} />}
      {report.result && record && <Report of={report.result} />}
      <div class="row">
        <Button disabled={!record} isBusy={report.isBusy} onClick={() => record && void report.run(record)}>See what may be sold</Button>
        <Act label="Sign and hand over" kind="primary" disabled={!record || tried.error !== undefined} done={setStored} said="Signed and handed over"
          call={(query) => api.post('/records', { record } as never, { query }) as Promise<Stored>}>
          <p>It is signed as a member of the group, encrypted for the patient alone, and handed to <b>{draft.hospital}</b>. It cannot be changed afterwards.</p></Act>
      </div>
    </div></Card>
  </>;
}

function File() {
  const [file, setFile] = useState<globalThis.File | undefined>();
  const [patient, setPatient] = useState('');
  const [hospital, setHospital] = useState('');
  const query = { patient: patient.trim(), hospital: hospital.trim() };
  const send = (more: { dryRun?: true; report?: true }) => {
    if (!file) throw new ApiError(0, 'usage', 'Choose a file first.');
    return api.post('/records/import', file as never, { query: { ...query, ...more } });
  };
  const look = useTask(() => send({ dryRun: true, report: true }));
  const [open, setOpen] = useState<number | undefined>();
  // Not waited for in the dialog: it goes on when that is closed, and the page left.
  const store = useTask(() => send({}));
  const begin = async (more: { dryRun?: true }) => {
    if (more.dryRun) return send(more);
    void store.run().then((answer) => answer?.result?.import && toast(`${answer.result.import.summary}.`));
    return undefined;
  };
  const isReady = file !== undefined && query.patient !== '' && query.hospital !== '';
  const result = look.result;
  const known = result?.records.filter((one) => one.already).length ?? 0;
  const left = (result?.records.length ?? 0) - known;
  return <>
    <Card title="A FHIR file"><form class="stack" onSubmit={(e) => e.preventDefault()}>
      <Field label="HL7 FHIR R4 bundle" help="JSON or NDJSON, also gzipped. One record for each encounter; what you stored of it before is passed over.">{(id) =>
        <input id={id} type="file" accept=".json,.ndjson,.gz,application/json,application/fhir+json" onChange={(e) => { setFile(e.currentTarget.files?.[0]); look.reset(); }} />}</Field>
      <Field label="Patient" help="Whose it is: a name that your node knows, or an address.">{(id) => <input id={id} value={patient} onInput={(e) => { setPatient(e.currentTarget.value); look.reset(); }} />}</Field>
      <Field label="Hospital">{(id) => <input id={id} list="hospitals" value={hospital} onInput={(e) => { setHospital(e.currentTarget.value); look.reset(); }} />}</Field>
      <div class="row"><Button isBusy={look.isBusy} disabled={!isReady} onClick={() => void look.run()}>Read it</Button>
        <Act label="Store all" kind="primary" disabled={left === 0 || store.isBusy} call={begin} done={() => look.reset()}
          said="It goes on by itself"><p>{count(left)} records are signed, encrypted for <b>{patient}</b>, and handed to <b>{hospital}</b>.
            {known > 0 && ` ${count(known)} were stored before, and are passed over.`} It goes on when this page is left: how far it is stands below.</p></Act></div>
      {look.error && <Problem error={look.error} />}
      {store.error && <Problem error={store.error} />}
      {result && known > 0 && left === 0 && <Note kind="good">All of them were stored before: there is nothing left to store.</Note>}
    </form></Card>
    <Imports sent={store.isBusy} />
    {result && <Card title={`${count(result.records.length)} records`} flush>
      <Table label="Records in the file" rows={result.records} keyOf={(one) => one.encounter} columns={[
        { label: 'Encounter', cell: (one) => <><span class="mono small">{one.encounter}</span> {one.already && <Badge>stored before</Badge>}</> },
        { label: 'Category', cell: (one) => one.category },
        { label: 'Issued', cell: (one) => one.issued.slice(0, 10) },
        { label: 'Fields', number: true, cell: (one) => count(one.leaves) },
        { label: 'What may be sold', cell: (one) => one.deidentified && <Button kind="quiet" onClick={() => setOpen(result.records.indexOf(one))}>Show</Button> },
      ]} /></Card>}
    {result && open !== undefined && result.records[open]?.deidentified && <Card title={`What may be sold of ${result.records[open].category}`} flush>
      <Report of={result.records[open].deidentified} /></Card>}
    {result && result.skipped.length > 0 && <Card title="Not taken over" flush>
      <Table label="Not taken over" rows={result.skipped} keyOf={(one, i) => `${one.resourceType} ${i}`} columns={[
        { label: 'Resource', cell: (one) => one.resourceType }, { label: 'How many', number: true, cell: (one) => count(one.count) },
        { label: 'Why', cell: (one) => one.reason },
      ]} /></Card>}
  </>;
}

// What is proposed where a hospital is named.
function Hospitals() {
  const known = useData('/group/hospitals').data ?? [];
  return <datalist id="hospitals">{known.filter((one) => one.accredited).map((one) =>
    <option key={one.address} value={one.name ?? one.address} />)}</datalist>;
}

export default function Create() {
  const [isFile, setFile] = useState(false);
  const membership = useData('/group/membership');
  return <Page title="New record" about="Signed for the group, encrypted for the patient. Nothing in it says who you are."
    actions={<Button onClick={() => setFile(!isFile)}>{isFile ? 'Fill in the form' : 'From a FHIR file'}</Button>}>
    {membership.data && !membership.data.isMember && <Note kind="warn">You are no member of the group yet: see <Link to="/membership">Membership</Link>.</Note>}
    <Hospitals />
    {isFile ? <File /> : <Form />}
  </Page>;
}
