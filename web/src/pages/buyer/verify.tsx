import { useEffect, useState } from 'preact/hooks';
import { api, url, type Schemas } from '../../api/client';
import { useData, useTask } from '../../api/use';
import type { PageProps } from '../../app/pages';
import { Link } from '../../app/router';
import { Act } from '../../ui/act';
import { checkName, Checks } from '../../ui/checks';
import { Button, Field } from '../../ui/form';
import { Badge, Card, Page } from '../../ui/layout';
import { count } from '../../ui/money';
import { Empty, Note, Problem, Show, Waiting } from '../../ui/states';
import { Table } from '../../ui/table';
import { Time } from '../../ui/time';
import { MerkleTree } from '../../ui/tree';

type Verified = Schemas['VerifiedDelivery'];
type Entry = Verified['entries'][number];

// How many entries passed each check.
function Summary({ entries }: { entries: readonly Entry[] }) {
  const names = [...new Set(entries.flatMap((one) => one.checks.map((row) => row.check)))];
  const rows = names.map((name) => {
    const made = entries.flatMap((one) => one.checks.filter((row) => row.check === name));
    return { name, all: made.length, failed: made.filter((row) => !row.passed).length };
  });
  return <Table label="Checks of all entries" rows={rows} keyOf={(one) => one.name} columns={[
    { label: 'Check', cell: (one) => <span><span class={`check-icon check-${one.failed === 0 ? 'passed' : 'failed'}`} aria-hidden="true">
      {one.failed === 0 ? '✓' : '✕'}</span>{checkName(one.name)}</span> },
    { label: 'Result', cell: (one) => <Badge tone={one.failed === 0 ? 'good' : 'bad'}>{one.failed === 0 ? 'passed' : `${count(one.failed)} failed`}</Badge> },
    { label: 'Entries', number: true, cell: (one) => count(one.all) },
  ]} />;
}

function Dispute({ requestId, entries, done }: { requestId: number; entries: number[]; done: () => void }) {
  const [reason, setReason] = useState('');
  const path = { requestId };
  return <div class="stack">
    <p>Both managers judge {entries.length === 1 ? 'entry' : 'entries'} {entries.join(', ')}. Each costs a bond, which comes back with the refund. They get the evidence, the values included.</p>
    <Field label="What is wrong with them">{(id) => <textarea id={id} maxLength={500} value={reason} onInput={(e) => setReason(e.currentTarget.value)} />}</Field>
    <div><Act label="Dispute" kind="danger" disabled={reason.trim() === ''} done={done} said="In dispute"
      call={(query) => api.post('/requests/{requestId}/dispute', { reason, entries }, { path, query })} /></div>
  </div>;
}

function Remedies({ requestId, result, done }: { requestId: number; result: Verified; done: () => void }) {
  const of = (remedy: Entry['remedy']) => result.entries.filter((one) => one.remedy === remedy).map((one) => one.index);
  const provable = of('prove-invalid'), disputable = of('dispute');
  const isWhole = result.checks.some((one) => !one.passed);
  const path = { requestId };
  return <>
    {provable.length > 0 && <Card title="The contract itself sees it"><div class="stack">
      <p>The group signature or the consent of entries {provable.join(', ')} is invalid. A proof refunds them at once, without a bond.</p>
      <div><Act label="Prove it" kind="primary" done={done} said="Proven: refunded"
        call={(query) => api.post('/requests/{requestId}/prove-invalid', { entries: provable }, { path, query })} /></div></div></Card>}
    {disputable.length > 0 && <Card title="For the managers"><Dispute requestId={requestId} entries={disputable} done={done} /></Card>}
    {isWhole && disputable.length === 0 && <Card title="The delivery as a whole">
      <Dispute requestId={requestId} entries={result.entries.map((one) => one.index)} done={done} /></Card>}
    <Card title="Pay all the same"><div class="stack"><p>It is your money: what failed can be paid for.</p>
      <div><Act label="Pay anyway" kind="danger" done={done} said="Paid"
        call={(query) => api.post('/requests/{requestId}/finalize', { anyway: true }, { path, query })} /></div></div></Card>
  </>;
}

// What passed every check may still be invented: only people can tell.
function Doubt({ requestId, n, done }: { requestId: number; n: number; done: () => void }) {
  const [text, setText] = useState('');
  const entries = [...new Set(text.split(/[\s,]+/).filter(Boolean).map(Number))];
  const isGood = entries.length > 0 && entries.every((one) => Number.isInteger(one) && one >= 0 && one < n);
  return <Card title="The values themselves"><div class="stack">
    <p class="quiet">Checks show that a doctor of the group signed the values, not that they are true. What cannot be true is for the managers.</p>
    <Field label="Entries" help={`Their numbers, 0 to ${n - 1}, with commas between.`} wrong={text !== '' && !isGood ? 'These are no entries of this delivery.' : undefined}>{(id) =>
      <input id={id} value={text} onInput={(e) => setText(e.currentTarget.value)} />}</Field>
    {isGood && <Dispute requestId={requestId} entries={entries} done={done} />}
  </div></Card>;
}

// What was bought of the release, on its way to the root that the doctor signed.
function EntryTree({ requestId, entry }: { requestId: number; entry: number }) {
  const [isOpen, setOpen] = useState(false);
  const tree = useData(isOpen ? '/requests/{requestId}/entries/{entry}/tree' : undefined, { path: { requestId, entry } }, false);
  return <div class="card-body stack">{isOpen ? <Show loaded={tree}>{(one) => <MerkleTree of={one} label={`Merkle tree of entry ${entry}`} />}</Show>
    : <div><Button onClick={() => setOpen(true)}>Show its Merkle tree</Button></div>}</div>;
}

const shownAtOnce = 50;

function Result({ requestId, result, isOpen, done }: { requestId: number; result: Verified; isOpen: boolean; done: () => void }) {
  const [from, setFrom] = useState(0);
  const [onlyFailed, setOnlyFailed] = useState(!result.passed);
  const rows = onlyFailed ? result.entries.filter((one) => !one.passed) : result.entries;
  const shown = rows.slice(from, from + shownAtOnce);
  return <>
    <Note kind={result.passed ? 'good' : 'bad'}><b>{result.summary}</b>{result.by && <span>To be settled <Time at={result.by} />: silence pays.</span>}</Note>
    {!result.passed && isOpen && <Remedies requestId={requestId} result={result} done={done} />}
    <Card title="The delivery as a whole" flush><Checks checks={result.checks} /></Card>
    <Card title="All entries" flush><Summary entries={result.entries} /></Card>
    <Card title="Entry by entry" flush actions={!result.passed && <Button onClick={() => { setOnlyFailed(!onlyFailed); setFrom(0); }}>
      {onlyFailed ? 'Show all' : 'Only failed ones'}</Button>}>
      {shown.length === 0 ? <Empty title="None" /> : shown.map((one) => <details key={one.index} class="fold" open={shown.length === 1}>
        <summary>Entry {one.index} <Badge tone={one.passed ? 'good' : 'bad'}>{one.passed ? 'passed'
          : `failed: ${one.checks.filter((row) => !row.passed).map((row) => row.check).join(', ')}`}</Badge></summary>
        <Checks checks={one.checks} /><EntryTree requestId={requestId} entry={one.index} /></details>)}
      {rows.length > shownAtOnce && <div class="pager"><span class="quiet small">{from + 1} to {from + shown.length} of {count(rows.length)}</span>
        <Button disabled={from === 0} onClick={() => setFrom(from - shownAtOnce)}>Back</Button>
        <Button disabled={from + shownAtOnce >= rows.length} onClick={() => setFrom(from + shownAtOnce)}>On</Button></div>}
    </Card>
    {isOpen && <Doubt requestId={requestId} n={result.entries.length} done={done} />}
  </>;
}

// Asked for again every second while it runs, here or wherever else it was begun.
function useVerification(requestId: number, isBegun: boolean) {
  const path = { requestId };
  const status = useData('/requests/{requestId}/verification', { path });
  const isRunning = isBegun || status.data?.state === 'running';
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(status.reload, 1000);
    return () => clearInterval(timer);
  }, [isRunning]);
  const finished = status.data?.result?.finishedAt;
  const report = useData(finished ? '/requests/{requestId}/verification/report' : undefined, { path }, false);
  useEffect(() => { if (finished) report.reload(); }, [finished]);
  return { status, report, isRunning };
}

export default function Verify({ params }: PageProps) {
  const requestId = Number(params['request']);
  const path = { requestId };
  const shown = useData('/requests/{requestId}', { path });
  const verify = useTask(() => api.post('/requests/{requestId}/verify', {}, { path }));
  const { status, report, isRunning } = useVerification(requestId, verify.isBusy);
  const at = status.data, result = verify.result ?? report.data;
  return <Page title={`Verification of request ${requestId}`} about="Every entry is checked by itself, on your own node: nobody has to be believed. It goes on when this page is closed."
    actions={<><Link class="button" to={`/requests/${requestId}`}>Request</Link>
      {at?.result && <a class="button" href={url('/requests/{requestId}/verification/report', { path })} download={`request-${requestId}-verification.json`}>Report</a>}
      <Button kind="primary" isBusy={isRunning} onClick={() => void verify.run().then(status.reload)}>{result ? 'Verify again' : 'Verify'}</Button></>}>
    {verify.error && <Problem error={verify.error} retry={() => verify.run()} />}
    {isRunning && <div class="stack"><Waiting what={at?.state === 'running' ? `${count(at.done)} of ${count(at.total)} entries are checked` : 'It begins'} />
      {at?.state === 'running' && <progress aria-label="Entries checked" max={at.total} value={at.done} />}</div>}
    {!isRunning && (at?.state === 'failed' || at?.state === 'interrupted') && <Note kind="bad"><b>The last verification came to no verdict.</b>
      <span>{at.problem ?? 'It gives no sign any more: verify again.'}</span></Note>}
    {result && !isRunning && <Result requestId={requestId} result={result} isOpen={shown.data?.onChain === 'Delivered'} done={shown.reload} />}
    {!result && !isRunning && status.error?.code === 'not-found' && <Note>It has not been verified yet.</Note>}
    {status.error && status.error.code !== 'not-found' && <Problem error={status.error} retry={status.reload} />}
  </Page>;
}
