// What this identity's wallet is asked for, and was.
import { api, type Schemas } from '../../api/client';
import { useTask } from '../../api/use';
import { AskedWallet } from '../../ui/act';
import { Button } from '../../ui/form';
import { Transaction } from '../../ui/hash';
import { Badge, Card, Page, type Tone } from '../../ui/layout';
import { Eth } from '../../ui/money';
import { Empty, Problem } from '../../ui/states';
import { Paged, Table, usePaged } from '../../ui/table';
import { Time } from '../../ui/time';

type Intent = Schemas['Intent'];
const states: Record<Intent['state'], [string, Tone?]> = {
  open: ['waits for you', 'warn'], sent: ['on its way', 'busy'], done: ['done', 'good'], failed: ['failed', 'bad'],
  cancelled: ['cancelled'], expired: ['expired'],
};

function Answer({ of: one, done }: { of: Intent; done: () => void }) {
  const path = { intent: one.id };
  const task = useTask(async () => {
    await (await import('../../app/wallet')).answer(one);
    done();
  });
  const cancel = useTask(async () => {
    await api.delete('/intents/{intent}', { path });
    done();
  });
  if (one.state !== 'open') return null;
  return <div class="stack"><div class="row">
    <Button kind="primary" isBusy={task.isBusy} onClick={() => void task.run()}>{one.kind === 'signature' ? 'Sign' : 'Send'}</Button>
    <Button isBusy={cancel.isBusy} onClick={() => void cancel.run()}>Cancel</Button></div>
    {(task.error ?? cancel.error) && <Problem error={(task.error ?? cancel.error)!} />}</div>;
}

export default function Wallet() {
  const list = usePaged('/intents');
  return <Page title="Wallet" about="What your wallet is asked for. What you do on a page asks it at once; what the node wants by itself waits here.">
    <AskedWallet />
    <Card flush><Paged list={list} empty={<Empty title="Your wallet was asked for nothing yet" />}>{(rows) =>
      <Table label="What the wallet is asked for" rows={rows} keyOf={(one) => one.id} columns={[
        { label: 'What', cell: (one) => one.operation },
        { label: 'Kind', cell: (one) => one.kind },
        { label: 'State', cell: (one) => <><Badge tone={states[one.state][1]}>{states[one.state][0]}</Badge>{one.problem && <> <span class="quiet small">{one.problem}</span></>}</> },
        { label: 'Value', number: true, cell: (one) => one.valueWei !== undefined && BigInt(one.valueWei) > 0n && <Eth wei={one.valueWei} /> },
        { label: 'Transaction', cell: (one) => one.hash && <Transaction of={one.hash} /> },
        { label: 'When', cell: (one) => <Time at={one.created} /> },
        { label: 'Action', cell: (one) => one.state === 'open' && <Answer of={one} done={list.loaded.reload} /> },
      ]} />}</Paged></Card>
  </Page>;
}
