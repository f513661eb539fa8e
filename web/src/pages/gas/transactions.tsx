// The identity's transactions, a page at a time.
import { useState } from 'preact/hooks';
import { url, type Schemas } from '../../api/client';
import { useData } from '../../api/use';
import { Dialog } from '../../ui/dialog';
import { Field } from '../../ui/form';
import { Address, Transaction } from '../../ui/hash';
import { Badge, Card, Facts, type Tone } from '../../ui/layout';
import { count, Eth, Gwei } from '../../ui/money';
import { Empty } from '../../ui/states';
import { Paged, Table, usePaged } from '../../ui/table';
import { Time } from '../../ui/time';

type Row = Schemas['Transaction'];
const states: Record<Row['status'], [string, Tone?]> = {
  signed: ['signed', 'busy'], sent: ['on its way', 'busy'], succeeded: ['done', 'good'], reverted: ['refused', 'bad'], dropped: ['dropped', 'warn'],
};

function Status({ of: status }: { of: Row['status'] }) {
  const [text, tone] = states[status];
  return <Badge tone={tone}>{text}</Badge>;
}

function Details({ of: one, close }: { of: Row; close: () => void }) {
  return <Dialog title={one.operation} onClose={close}><Facts rows={[
    ['State', <><Status of={one.status} /> {one.reason && <span class="quiet">{one.reason}</span>}</>],
    ['Transaction', <Transaction of={one.hash} />],
    ['From', <Address of={one.from} />],
    ['To', one.to && <Address of={one.to} />],
    ['Workflow', `${one.workflow}, as ${one.role}`],
    ['Request', one.requestId],
    ['Value', <Eth wei={one.valueWei} />],
    ['Nonce', one.nonce],
    ['Made', <Time at={one.created} />],
    ['Mined', one.time && <><Time at={one.time} /> <span class="quiet">block {count(one.block)}</span></>],
    ['Gas, estimated', count(one.gasEstimate)],
    ['Gas, at most', count(one.gasLimit)],
    ['Gas, used', count(one.gasUsed)],
    ['Base fee', one.baseFeeWei && <Gwei wei={one.baseFeeWei} />],
    ['Priority fee, at most', <Gwei wei={one.maxPriorityFeeWei} />],
    ['Fee, at most', <Gwei wei={one.maxFeeWei} />],
    ['Price paid', one.effectiveGasPriceWei && <Gwei wei={one.effectiveGasPriceWei} />],
    ['L1 fee', one.l1FeeWei && <Eth wei={one.l1FeeWei} />],
    ['Fees in all', one.totalWei && <Eth wei={one.totalWei} />],
  ]} /></Dialog>;
}

export function Transactions() {
  const report = useData('/gas/report');
  const [workflow, setWorkflow] = useState('');
  const [operation, setOperation] = useState('');
  const [status, setStatus] = useState('');
  const [shown, setShown] = useState<Row>();
  const query = { workflow, operation, status };
  const list = usePaged('/transactions', query);
  const known = report.data ?? [];
  const workflows = [...new Set(known.map((row) => row.workflow))].sort();
  const operations = [...new Set(known.filter((row) => !workflow || row.workflow === workflow).map((row) => row.operation))].sort();
  const isFiltered = Boolean(workflow || operation || status);
  return <Card title="Transactions" flush actions={<>
    <a class="button" href={url('/transactions', { query: { ...query, format: 'csv' } })} download="transactions.csv">CSV</a>
    <a class="button" href={url('/transactions', { query: { ...query, format: 'json-all' } })} download="transactions.json">JSON</a>
  </>}>
    <div class="filters">
      <Field label="Workflow">{(id) => <select id={id} value={workflow} onChange={(e) => { setWorkflow(e.currentTarget.value); setOperation(''); }}>
        <option value="">any</option>{workflows.map((one) => <option key={one} value={one}>{one}</option>)}</select>}</Field>
      <Field label="Operation">{(id) => <select id={id} value={operation} onChange={(e) => setOperation(e.currentTarget.value)}>
        <option value="">any</option>{operations.map((one) => <option key={one} value={one}>{one}</option>)}</select>}</Field>
      <Field label="State">{(id) => <select id={id} value={status} onChange={(e) => setStatus(e.currentTarget.value)}>
        <option value="">any</option>{Object.entries(states).map(([key, [text]]) => <option key={key} value={key}>{text}</option>)}</select>}</Field>
    </div>
    <Paged list={list} empty={<Empty title={isFiltered ? 'None fits' : 'No transactions yet'}>
      {isFiltered ? 'Choose "any" to see more.' : 'What this identity sends to the chain appears here.'}</Empty>}>{(rows) =>
      <Table label="Transactions" rows={rows} keyOf={(one) => one.hash} columns={[
        { label: 'Operation', cell: (one) => <button type="button" class="as-link" title="Details" onClick={() => setShown(one)}>
          {one.operation}</button> },
        { label: 'Workflow', cell: (one) => one.workflow },
        { label: 'State', cell: (one) => <Status of={one.status} /> },
        { label: 'When', cell: (one) => <Time at={one.time ?? one.created} /> },
        { label: 'Estimated', number: true, cell: (one) => count(one.gasEstimate) },
        { label: 'Used', number: true, cell: (one) => count(one.gasUsed) },
        { label: 'Fees', number: true, cell: (one) => <Eth wei={one.totalWei} /> },
        { label: 'Transaction', cell: (one) => <Transaction of={one.hash} /> },
      ]} />}</Paged>
    {shown && <Details of={shown} close={() => setShown(undefined)} />}
  </Card>;
}
