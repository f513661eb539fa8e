// What was paid, over time, by workflow and by operation; what was estimated beside what it was.
import type { ComponentType } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Answer } from '../../api/client';
import { useData } from '../../api/use';
import { Field } from '../../ui/form';
import { Card } from '../../ui/layout';
import { count, Eth, formatEther } from '../../ui/money';
import { Empty, Show, Waiting } from '../../ui/states';
import { Table } from '../../ui/table';
import { Bar } from '../../ui/bar';
import type Chart from './chart';

type Row = Answer<'/gas/history', 'get'>[number];
type Operation = Answer<'/gas/report', 'get'>[number];
type Period = 'hour' | 'day' | 'month';
type Measure = 'fees' | 'gas' | 'transactions';

const ether = (wei: string) => Number(BigInt(wei) / 1_000_000n) / 1e12; // for a drawing: exact amounts stand in the tables
const measures: Record<Measure, [string, (row: Row) => number, (value: number) => string]> = {
  fees: ['Fees, ETH', (row) => ether(row.totalWei), (value) => value.toLocaleString('en', { maximumSignificantDigits: 4 })],
  gas: ['Gas used', (row) => row.gasTotal, (value) => value.toLocaleString('en', { notation: 'compact', maximumFractionDigits: 1 })],
  transactions: ['Transactions', (row) => row.count, (value) => Number.isInteger(value) ? value.toLocaleString('en') : ''],
};
const MONTHS_OF_DAYS = 3; // days are shown first for this long
const ROWS_MAX = 300;
const zone = { timeZone: 'UTC' } as const;
const forms: Record<Period, Intl.DateTimeFormat> = {
  hour: new Intl.DateTimeFormat('en', { ...zone, day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }),
  day: new Intl.DateTimeFormat('en', { ...zone, day: 'numeric', month: 'short' }),
  month: new Intl.DateTimeFormat('en', { ...zone, month: 'short', year: 'numeric' }),
};

const dayOfYear = new Intl.DateTimeFormat('en', { ...zone, day: 'numeric', month: 'short', year: '2-digit' });

function useChart(): typeof Chart | undefined {
  const [shown, setShown] = useState<{ Chart: ComponentType<Parameters<typeof Chart>[0]> }>();
  useEffect(() => { void import('./chart').then((module) => setShown({ Chart: module.default })); }, []);
  return shown?.Chart as typeof Chart | undefined;
}

function sum(rows: readonly Row[], of: (row: Row) => number) {
  return rows.reduce((total, row) => total + of(row), 0);
}

function Drawn({ rows, period, measure }: { rows: readonly Row[]; period: Period; measure: Measure }) {
  const LoadedChart = useChart();
  const [name, of, format] = measures[measure];
  const isOfYears = rows[0]?.start.slice(0, 4) !== rows.at(-1)?.start.slice(0, 4);
  const formatTime = useMemo(() => {
    const form = period === 'day' && isOfYears ? dayOfYear : forms[period];
    return (seconds: number) => form.format(seconds * 1000);
  }, [period, isOfYears]);
  const { times, series, gas } = useMemo(() => {
    const starts = [...new Set(rows.map((row) => row.start))];
    const workflows = [...new Set(rows.map((row) => row.workflow))].sort();
    const at = (start: string) => rows.filter((row) => row.start === start);
    const byStart = new Map(starts.map((start) => [start, at(start)]));
    return {
      times: starts.map((start) => Date.parse(start) / 1000),
      series: workflows.map((workflow) => ({ label: workflow,
        values: starts.map((start) => sum(byStart.get(start)!.filter((row) => row.workflow === workflow), of)) })),
      gas: (['gasEstimateTotal', 'gasTotal'] as const).map((key) => ({ label: key === 'gasTotal' ? 'used' : 'estimated before',
        values: starts.map((start) => sum(byStart.get(start)!, (row) => row[key])) })),
    };
  }, [rows, of]);
  if (!LoadedChart) return <Waiting what="Drawing" />;
  return <div class="columns">
    <div class="stack"><h3>{name}, by workflow</h3>
      <LoadedChart label={`${name} by ${period} and workflow; the same figures stand in the table below`} kind="bars" times={times} series={series}
        format={format} formatTime={formatTime} /></div>
    <div class="stack"><h3>Gas, estimated and used</h3>
      <LoadedChart label={`Gas by ${period}, estimated and used; the same figures stand in the table below`} kind="lines" times={times} series={gas}
        format={measures.gas[2]} formatTime={formatTime} /></div>
  </div>;
}

export function History() {
  const [chosen, setPeriod] = useState<Period>();
  const [isOpen, setOpen] = useState(false);
  const [measure, setMeasure] = useState<Measure>('fees');
  const months = useData('/gas/history', { query: { by: 'month' } });
  const isLong = new Set(months.data?.map((row) => row.start)).size > MONTHS_OF_DAYS;
  const period = chosen ?? (isLong ? 'month' : 'day');
  const history = useData(months.data && '/gas/history', { query: { by: period } });
  return <Card title="Over time" actions={<>
    <Field label="Per">{(id) => <select id={id} value={period} onChange={(e) => setPeriod(e.currentTarget.value as Period)}>
      <option value="hour">hour</option><option value="day">day</option><option value="month">month</option></select>}</Field>
    <Field label="Show">{(id) => <select id={id} value={measure} onChange={(e) => setMeasure(e.currentTarget.value as Measure)}>
      {Object.entries(measures).map(([key, [name]]) => <option key={key} value={key}>{name}</option>)}</select>}</Field>
  </>}>
    <Show loaded={months.error ? months : history}>{(rows) => rows.length === 0 ? <Empty title="No transaction was mined yet" /> : <div class="stack">
      <Drawn rows={rows} period={period} measure={measure} />
      <details onToggle={(e) => setOpen(e.currentTarget.open)}><summary>As a table</summary>
        {rows.length > ROWS_MAX && <p class="quiet small">The newest {ROWS_MAX} of {count(rows.length)} rows.</p>}
        {isOpen && <Table label="Gas over time" rows={rows.slice(-ROWS_MAX).toReversed()} keyOf={(row) => `${row.start} ${row.workflow}`} columns={[
          { label: `${period.charAt(0).toUpperCase()}${period.slice(1)} (UTC)`, cell: (row) => forms[period].format(Date.parse(row.start)) },
          { label: 'Workflow', cell: (row) => row.workflow },
          { label: 'Transactions', number: true, cell: (row) => count(row.count) },
          { label: 'Gas, estimated', number: true, cell: (row) => count(row.gasEstimateTotal) },
          { label: 'Gas, used', number: true, cell: (row) => count(row.gasTotal) },
          { label: 'Fees', number: true, cell: (row) => <Eth wei={row.totalWei} /> },
        ]} />}</details>
    </div>}</Show>
  </Card>;
}

function Workflows({ rows }: { rows: readonly Operation[] }) {
  const found = new Map<string, { wei: bigint; gas: number; count: number }>();
  for (const row of rows) {
    const one = found.get(row.workflow) ?? { wei: 0n, gas: 0, count: 0 };
    found.set(row.workflow, { wei: one.wei + BigInt(row.totalWei), gas: one.gas + row.gasTotal, count: one.count + row.count });
  }
  const list = [...found].sort(([, a], [, b]) => (b.wei > a.wei ? 1 : -1));
  const most = Math.max(1, ...list.map(([, one]) => one.gas));
  return <Table label="By workflow" rows={list} keyOf={([name]) => name} columns={[
    { label: 'Workflow', cell: ([name]) => name },
    { label: 'Transactions', number: true, cell: ([, one]) => count(one.count) },
    { label: 'Gas', number: true, cell: ([, one]) => <Bar part={one.gas / most}>{count(one.gas)}</Bar> },
    { label: 'Fees', number: true, cell: ([, one]) => <Eth wei={one.wei} /> },
  ]} />;
}

// How far the estimate was from what was used.
function Off({ row }: { row: Operation }) {
  if (row.gasTotal === 0) return null;
  const off = (row.gasEstimateTotal - row.gasTotal) / row.gasTotal;
  return <span title={`${count(row.gasEstimateTotal)} estimated, ${count(row.gasTotal)} used`}>
    {off.toLocaleString('en', { style: 'percent', maximumFractionDigits: 1, signDisplay: 'exceptZero' })}</span>;
}

function Operations({ rows }: { rows: readonly Operation[] }) {
  const most = Math.max(1, ...rows.map((row) => row.gasTotal));
  const sorted = [...rows].sort((a, b) => b.gasTotal - a.gasTotal);
  return <Table label="By operation" rows={sorted} keyOf={(row) => `${row.workflow} ${row.operation} ${row.role}`} columns={[
    { label: 'Operation', cell: (row) => <>{row.operation}<br /><span class="quiet small">{row.workflow}</span></> },
    { label: 'Transactions', number: true, cell: (row) => <>{count(row.count)}{row.reverted > 0 && <span class="quiet small"><br />{count(row.reverted)} refused</span>}</> },
    { label: 'Gas in all', number: true, cell: (row) => <Bar part={row.gasTotal / most}>{count(row.gasTotal)}</Bar> },
    { label: 'Least, median, most', number: true, cell: (row) => row.gasMin === row.gasMax ? count(row.gasMin)
      : `${count(row.gasMin)}, ${count(row.gasMedian)}, ${count(row.gasMax)}` },
    { label: 'Estimate', number: true, cell: (row) => <Off row={row} /> },
    { label: 'Fees', number: true, cell: (row) => <Eth wei={row.totalWei} /> },
  ]} />;
}

export function Report() {
  const report = useData('/gas/report');
  return <Show loaded={report}>{(rows) => {
    const wei = rows.reduce((total, row) => total + BigInt(row.totalWei), 0n);
    const gas = rows.reduce((total, row) => total + row.gasTotal, 0);
    const estimate = rows.reduce((total, row) => total + row.gasEstimateTotal, 0);
    const mined = rows.reduce((total, row) => total + row.count, 0);
    const refused = rows.reduce((total, row) => total + row.reverted, 0);
    return <>
      <dl class="figures">
        <div><dt>Fees paid</dt><dd title={`${wei.toLocaleString('en')} wei`}>{formatEther(wei)} <small>ETH</small></dd></div>
        <div><dt>Transactions</dt><dd>{count(mined)}{refused > 0 && <small> {count(refused)} refused</small>}</dd></div>
        <div><dt>Gas used</dt><dd>{count(gas)}</dd></div>
        <div><dt>Estimated before</dt><dd>{count(estimate)}</dd></div>
      </dl>
      {rows.length > 0 && <>
        <Card title="By workflow" flush><Workflows rows={rows} /></Card>
        <Card title="By operation" flush><Operations rows={rows} /></Card>
      </>}
    </>;
  }}</Show>;
}
