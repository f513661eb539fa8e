// A button for what sends a transaction or a message: what it will cost before, what became of it after.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { asked, type Schemas } from '../api/client';
import { useTask } from '../api/use';
import { Button } from './form';
import { Dialog } from './dialog';
import { Facts } from './layout';
import { count, Eth } from './money';
import { Note, Problem, Waiting } from './states';
import { toast } from './toast';

type Found = Schemas['Estimate'] | Schemas['Transaction'];

// Every estimate or transaction in an answer, wherever it stands.
export function transactionsIn(value: unknown): Found[] {
  if (Array.isArray(value)) return value.flatMap(transactionsIn);
  if (typeof value !== 'object' || value === null) return [];
  if ('operation' in value && ('gasEstimate' in value || 'hash' in value)) return [value as Found];
  return Object.values(value).flatMap(transactionsIn);
}

export function Costs({ of: value }: { of: unknown }) {
  const all = transactionsIn(value);
  const most = all.reduce((sum, one) => sum + ('maxCostWei' in one ? BigInt(one.maxCostWei) : 0n), 0n);
  if (all.length === 0) return <p class="quiet">It costs no gas: nothing goes to the chain from this identity.</p>;
  return <Facts rows={[
    ['Transactions', all.map((one) => one.operation).join(', ')],
    ['Gas, estimated', count(all.reduce((sum, one) => sum + (one.gasEstimate ?? 0), 0))],
    ['At most', <Eth wei={most} />],
  ]} />;
}

const signedWords: Record<string, string> = {
  NodeKey: 'Your word that this node\'s key signs your messages, for 90 days', Profile: 'Your contact card',
  Join: 'Your request to join the group', RegistryHead: 'The registry of members', RevocationList: 'The revocation list',
};

// What the wallet is asked for just now.
export function AskedWallet() {
  const intent = asked.value;
  if (!intent) return null;
  return <Note kind="warn"><b>{intent.state === 'sent' ? 'Sent: waiting for the chain' : 'Your wallet asks you'}</b>
    <span>{intent.kind === 'signature' ? <>To sign: {signedWords[intent.operation] ?? intent.operation}.</>
      : <>To send: {intent.operation}{intent.transaction?.to && <>, to <code>{intent.transaction.to}</code></>}
        {intent.valueWei !== undefined && BigInt(intent.valueWei) > 0n && <>, with <Eth wei={intent.valueWei} /></>}.</>}
      {intent.state !== 'sent' && ' Compare it there before you confirm.'}</span></Note>;
}

interface ActProps<T> {
  label: string;
  call: (query: { dryRun?: true }) => Promise<T>;
  kind?: 'primary' | 'danger';
  dry?: boolean; // false: the call has no dry run
  title?: string;
  children?: ComponentChildren; // what it means, in the dialog
  disabled?: boolean;
  done?: (answer: T) => void;
  said?: string; // the toast afterwards
}

export function Act<T>(props: ActProps<T>) {
  const [isOpen, setOpen] = useState(false);
  return <>
    <Button {...(props.kind && { kind: props.kind })} disabled={props.disabled ?? false} onClick={() => setOpen(true)}>{props.label}</Button>
    {isOpen && <Confirm {...props} close={() => setOpen(false)} />}
  </>;
}

function Confirm<T>({ label, call, kind = 'primary', dry = true, title, children, done, said, close }:
  ActProps<T> & { close: () => void }) {
  const tried = useTask(() => call({ dryRun: true }));
  const act = useTask(() => call({}));
  useEffect(() => { if (dry) void tried.run(); }, []);
  const go = async () => {
    const answer = await act.run();
    if (!answer) return;
    close();
    const failed = transactionsIn(answer.result).find((one) => 'status' in one && one.status === 'reverted');
    if (failed) toast(`${failed.operation}: the contract refused. ${'reason' in failed ? failed.reason ?? '' : ''}`, 'bad');
    else toast(said ?? `${label}: done`);
    done?.(answer.result);
  };
  const isTrying = dry && tried.result === undefined && tried.error === undefined;
  return <Dialog title={title ?? label} onClose={close} foot={<>
    <Button onClick={close}>Cancel</Button>
    <Button kind={kind} disabled={act.isBusy || isTrying || (dry && tried.error !== undefined)} isBusy={act.isBusy}
      onClick={() => void go()}>{label}</Button>
  </>}>
    {children}
    {dry && (isTrying || tried.isBusy ? <Waiting what="Trying it, and estimating" />
      : tried.error ? <Problem error={tried.error} retry={() => tried.run()} />
      : <Costs of={tried.result} />)}
    {act.isBusy && <AskedWallet />}
    {act.error && <Problem error={act.error} />}
  </Dialog>;
}
