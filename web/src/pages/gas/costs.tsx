// What it will cost: prices now, a calculator, a hospital's month. Every figure of gas was measured.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Answer } from '../../api/client';
import { useData } from '../../api/use';
import { Field } from '../../ui/form';
import { Card, Facts } from '../../ui/layout';
import { count, Eth, Gwei } from '../../ui/money';
import { Show } from '../../ui/states';
import { Table } from '../../ui/table';

const speeds = ['slow', 'average', 'fast'] as const;

export function Prices() {
  const prices = useData('/gas/prices');
  return <Card title="Gas price now"><Show loaded={prices}>{(now) => <dl class="figures">
    <div><dt>Base fee</dt><dd><Gwei wei={now.baseFeeWei} /></dd><dd class="quiet small">of the next block</dd></div>
    {speeds.map((speed) => <div key={speed}><dt>{speed.charAt(0).toUpperCase()}{speed.slice(1)}</dt>
      <dd><Gwei wei={BigInt(now.baseFeeWei) + BigInt(now[speed].priorityFeeWei)} /></dd>
      <dd class="quiet small">priority <Gwei wei={now[speed].priorityFeeWei} /></dd>
      <dd class="quiet small">at most <Gwei wei={now[speed].maxFeeWei} /></dd></div>)}
  </dl>}</Show></Card>;
}

// A whole number in its bounds, or nothing.
function whole(text: string, min: number, max: number): number | undefined {
  const value = Number(text);
  return /^\d{1,9}$/.test(text.trim()) && value >= min && value <= max ? value : undefined;
}

function Whole({ label, text, set, min, max, help }:
  { label: string; text: string; set: (text: string) => void; min: number; max: number; help?: string }) {
  return <Field label={label} help={help} wrong={whole(text, min, max) === undefined
    ? `A whole number from ${count(min)} to ${count(max)}` : undefined}>{(id) =>
    <input id={id} value={text} inputMode="numeric" aria-invalid={whole(text, min, max) === undefined}
      onInput={(e) => set(e.currentTarget.value)} />}</Field>;
}

const CALLS_MAX = 10_000_000, SALES_MAX = 100_000, ENTRIES_MAX = 12_800;

export function Calculator() {
  const measured = useData('/gas/measured', {}, false);
  const [chosen, setCall] = useState('storeDataFor');
  const [text, setText] = useState('1');
  const n = whole(text, 1, CALLS_MAX);
  const cost = useData(n ? '/gas/cost' : undefined, { query: { call: chosen, count: n } });
  return <Card title="Calculator"><div class="stack">
    <Field label="Call">{(id) => <select id={id} value={chosen} onChange={(e) => setCall(e.currentTarget.value)}>
      {measured.data?.map((one) => <option key={one.call} value={one.call}>{one.call}</option>)}</select>}</Field>
    <Whole label="How many" text={text} set={setText} min={1} max={CALLS_MAX} />
    {n && <Show loaded={cost} what="Asking the chain for its price">{(one) => <Facts rows={[
      ['Gas', count(one.gas)],
      ...speeds.map((speed): [string, ComponentChildren] => [`Costs, ${speed}`, <Eth wei={one.wei[speed]} />]),
    ]} />}</Show>}
    <p class="quiet small">By what the contract's calls were measured to cost (docs/gas.md) and the price now. What a rollup takes
      for its other chain comes on top.</p>
  </div></Card>;
}

type Month = Answer<'/gas/projection', 'get'>[number];

function Months({ rows }: { rows: readonly Month[] }) {
  return <Table label="A month" rows={rows} keyOf={(row) => row.name} columns={[
    { label: 'Who', cell: (row) => <b class="first-upper">{row.name}</b> },
    { label: 'Records', number: true, cell: (row) => <>{count(row.records)}<br /><span class="quiet small">{row.batch > 1
      ? `${count(row.batch)} at once` : 'each alone'}</span></> },
    { label: 'Sales', number: true, cell: (row) => <>{count(row.sales)}<br /><span class="quiet small">of {count(row.entries)}</span></> },
    { label: 'Gas', number: true, cell: (row) => count(row.hospitalGas) },
    ...speeds.map((speed) => ({ label: speed.charAt(0).toUpperCase() + speed.slice(1), number: true, cell: (row: Month) => <Eth wei={row.hospitalWei[speed]} /> })),
    { label: 'Its buyers', number: true, cell: (row) => <Eth wei={row.buyerWei.average} /> },
  ]} />;
}

function Calls({ of: month }: { of: Month }) {
  return <details><summary class="first-upper">{month.name}: call by call</summary>
    <Table label={`Calls, ${month.name}`} rows={month.calls} keyOf={(row) => row.call} columns={[
      { label: 'Call', cell: (row) => row.call },
      { label: 'Paid by', cell: (row) => row.payer },
      { label: 'How many', number: true, cell: (row) => count(row.count) },
      { label: 'Gas of one', number: true, cell: (row) => count(row.gasEach) },
      { label: 'Gas', number: true, cell: (row) => count(row.gas) },
    ]} /></details>;
}

export function Projection() {
  const sizes = useData('/gas/projection');
  const [records, setRecords] = useState('1000');
  const [batch, setBatch] = useState('100');
  const [sales, setSales] = useState('2');
  const [entries, setEntries] = useState('50');
  const query = { records: whole(records, 0, CALLS_MAX), batch: whole(batch, 1, ENTRIES_MAX), sales: whole(sales, 0, SALES_MAX),
    entries: whole(entries, 1, ENTRIES_MAX) };
  const isGood = Object.values(query).every((value) => value !== undefined);
  const own = useData(isGood ? '/gas/projection' : undefined, { query });
  return <Card title="A month" flush>
    <div class="card-body stack"><p>What a month costs a hospital now: its records anchored, its sales replied to and delivered, its
      patients' payouts claimed. Each call's gas was measured (<code>make gas</code>, docs/gas.md) and is multiplied, at the price now; beside it what its buyers pay, at the average price.
      <b> How much a month is in each size is assumed</b>: the figures stand in the table, and below you can say your own.</p></div>
    <Show loaded={sizes} what="Asking the chain for its price">{(rows) => <><Months rows={rows} />
      <div class="card-body stack">{rows.map((one) => <Calls key={one.name} of={one} />)}</div></>}</Show>
    <div class="card-body stack">
      <h3>Your own month</h3>
      <div class="filters filters-flush">
        <Whole label="Records" text={records} set={setRecords} min={0} max={CALLS_MAX} />
        <Whole label="Records at once" text={batch} set={setBatch} min={1} max={ENTRIES_MAX} />
        <Whole label="Sales" text={sales} set={setSales} min={0} max={SALES_MAX} />
        <Whole label="Entries in a sale" text={entries} set={setEntries} min={1} max={ENTRIES_MAX} />
      </div>
    </div>
    {isGood && <Show loaded={own}>{(rows) => <><Months rows={rows} /><div class="card-body">{rows.map((one) => <Calls key={one.name} of={one} />)}</div></>}</Show>}
  </Card>;
}
