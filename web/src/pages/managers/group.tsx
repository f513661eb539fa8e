// The group's key and its contract: how the key came to be, which there were, what the contract is.
import { useState } from 'preact/hooks';
import { api, type Answer } from '../../api/client';
import { useData, useTask } from '../../api/use';
import { session } from '../../app/session';
import { Act } from '../../ui/act';
import { Checks } from '../../ui/checks';
import { Button, Field } from '../../ui/form';
import { Address, Hash } from '../../ui/hash';
import { Badge, Card, Facts, Page, type Tone } from '../../ui/layout';
import { count } from '../../ui/money';
import { Empty, Note, Problem, Show } from '../../ui/states';
import { Steps } from '../../ui/steps';
import { Paged, Table, usePaged } from '../../ui/table';
import { Time } from '../../ui/time';

type Key = Answer<'/group/keys', 'get'>[number];
const states: Record<Key['state'], [string, Tone?]> = {
  proposed: ['proposed', 'warn'], current: ['in force', 'good'], retired: ['retired'], compromised: ['compromised', 'bad'],
};

// Gm begins, Rm answers, Gm proposes, Rm confirms.
function SetUp({ keys, isGm, done }: { keys: readonly Key[]; isGm: boolean; done: () => void }) {
  const [rm, setRm] = useState('');
  const contract = useData('/contract');
  const isInForce = keys.some((one) => one.state === 'current');
  const isProposed = keys.some((one) => one.state === 'proposed');
  // Which halves there are, their makers alone know: until a key is proposed, each step may be the next.
  const state = (i: number) => isProposed ? (i < 3 ? 'done' as const : 'now' as const)
    : isInForce || i === 3 ? 'later' as const : 'now' as const;
  const known = contract.data?.managers.revocationManager ?? '';
  return <Card title={isInForce ? 'The next group key' : 'Set the group up'}><div class="stack">
    {isInForce && <p class="quiet">The same four steps make another key; confirming it retires the one in force. Members join it anew.</p>}
    <Steps steps={[
      { title: 'The group manager makes its half', state: state(0), detail: isGm && <div class="stack">
        <Field label="Revocation manager" help="A name that your node knows, or an address.">{(id) =>
          <input id={id} value={rm || known} onInput={(e) => setRm(e.currentTarget.value)} />}</Field>
        <div><Act label="Make my half" disabled={!(rm || known)} call={(query) => api.post('/group/setup', { rm: rm || known }, { query })} done={done}
          said="Made, and sent to the revocation manager"><p>Your half of the group's secret is made and kept here; its public part goes to
            the revocation manager.</p></Act></div></div> },
      { title: 'The revocation manager makes its half', state: state(1), detail: !isGm && <Act label="Make my half" done={done}
        call={(query) => api.post('/group/setup', {}, { query })} said="Made, and sent to the group manager">
        <p>Your half of the group's secret is made and kept here; its public part goes back to the group manager.</p></Act> },
      { title: 'The group manager proposes the key', state: state(2), detail: isGm && <Act label="Propose the key" done={done}
        call={(query) => api.post('/group/propose', {}, { query })} said="Proposed">
        <p>Both halves make the key, which goes to the contract. It is in force once the revocation manager confirms it.</p></Act> },
      { title: 'The revocation manager confirms it', state: state(3), detail: !isGm && <Act label="Confirm the key" kind="primary" done={done}
        call={(query) => api.post('/group/confirm', {}, { query })} said="Confirmed: the key is in force">
        <p>The proposed key is compared with your half first.</p></Act> },
    ]} />
  </div></Card>;
}

function Hospitals() {
  const list = usePaged('/group/hospitals');
  const [hospital, setHospital] = useState('');
  const act = (accredited: boolean) => (query: { dryRun?: true }) => api.post('/group/hospitals', { hospital, accredited }, { query });
  const done = () => { setHospital(''); list.loaded.reload(); };
  return <Card title="Hospitals" flush>
    <Paged list={list} empty={<Empty title="No hospital is accredited" />}>{(rows) =>
      <Table label="Hospitals" rows={rows} keyOf={(one) => one.address} columns={[
        { label: 'Hospital', cell: (one) => <>{one.name} <Address of={one.address} /></> },
        { label: 'State', cell: (one) => one.accredited ? <Badge tone="good">accredited</Badge> : <Badge>struck off</Badge> },
        { label: 'Since', cell: (one) => <Time at={one.since} /> },
      ]} />}</Paged>
    {session.value!.role === 'gm' && <div class="card-body"><div class="stack">
      <Field label="Hospital" help="A name that your node knows, or an address.">{(id) =>
        <input id={id} value={hospital} onInput={(e) => setHospital(e.currentTarget.value)} />}</Field>
      <div class="row">
        <Act label="Accredit" kind="primary" disabled={!hospital} call={act(true)} said="Accredited" done={done}>
          <p><b>{hospital}</b> may anchor its doctors' records and sell for its patients.</p></Act>
        <Act label="Strike off" kind="danger" disabled={!hospital} call={act(false)} said="Struck off" done={done}>
          <p><b>{hospital}</b> may no longer anchor records or answer requests.</p></Act>
      </div>
    </div></div>}
  </Card>;
}

function Contract() {
  const contract = useData('/contract');
  return <Card title="Contract"><Show loaded={contract} what="Asking the chain">{(one) => <div class="stack">
    {one.warnings.map((text) => <Note key={text} kind="warn">{text}</Note>)}
    <Facts rows={[
      ['Address', <Address of={one.contract} />],
      ['Chain', `${one.chainId}, block ${count(one.block)}`],
      ['Code', <><Hash of={one.codeHash} what="code hash" /> <Badge tone={one.codeOfThisBuild ? 'good' : 'warn'}>
        {one.codeOfThisBuild ? 'as this build knows it' : 'not of this build'}</Badge></>],
      ['Signature verifier', <><Address of={one.signatureVerifier} /> <Badge tone={one.verifierOfThisBuild ? 'good' : 'warn'}>
        {one.verifierOfThisBuild ? 'as this build knows it' : 'not of this build'}</Badge></>],
      ['Group manager', <Address of={one.managers.groupManager} />],
      ['Group manager to come', one.managers.pendingGroupManager && <Address of={one.managers.pendingGroupManager} />],
      ['Revocation manager', <Address of={one.managers.revocationManager} />],
      ['Revocation manager to come', one.managers.pendingRevocationManager && <Address of={one.managers.pendingRevocationManager} />],
      ['Group key', one.groupKey.current > 0 ? `version ${one.groupKey.current}, ${count(one.groupKey.ageDays)} days old` : 'none in force'],
      ['Members on-chain', count(one.groupKey.membersCommitted)],
      ['Revocation list', one.revocationList.version > 0 ? `version ${one.revocationList.version}, ${count(one.revocationList.entries)} entries` : 'none yet'],
      ['Requests', count(one.requests)],
      ['The chain\'s clock', <Time at={one.now} />],
    ]} />
  </div>}</Show></Card>;
}

// Both managers' work, checked again by the chain and the store alone.
function Audit() {
  const audit = useTask(() => api.get('/group/audit'));
  const found = audit.result;
  return <Card title="Audit" flush actions={<Button isBusy={audit.isBusy} onClick={() => void audit.run()}>Check everything again</Button>}>
    {audit.error && <Problem error={audit.error} />}
    {found ? <><div class="card-body"><Note kind={found.passed ? 'good' : 'bad'}><b>{found.passed ? 'Every check passed' : 'A check failed'}</b></Note></div>
      <Checks checks={found.checks} /></>
      : !audit.error && <div class="card-body quiet">What both managers have published and done, checked by the chain and the store alone. Anyone may.</div>}
  </Card>;
}

export default function Group() {
  const isGm = session.value!.role === 'gm';
  const keys = useData('/group/keys');
  return <Page title="Group" about="The group's keys, its hospitals, and the contract that holds it all.">
    <Card title="Group keys" flush><Show loaded={keys}>{(rows) => rows.length === 0
      ? <Empty title="There is no group key yet">Both managers make it together, below.</Empty>
      : <Table label="Group keys" rows={rows} keyOf={(one) => one.version} columns={[
        { label: 'Version', cell: (one) => one.version },
        { label: 'State', cell: (one) => <Badge tone={states[one.state][1]}>{states[one.state][0]}</Badge> },
        { label: 'Fingerprint', cell: (one) => <Hash of={one.fingerprint} what="fingerprint" /> },
        { label: 'Retired', cell: (one) => one.retiredAt && <Time at={one.retiredAt} /> },
        { label: 'Note', cell: (one) => one.problem && <span class="quiet">{one.problem}</span> },
      ]} />}</Show></Card>
    <Audit />
    <div class="columns">
      {keys.data && <SetUp keys={keys.data} isGm={isGm} done={keys.reload} />}
      <div class="stack"><Hospitals /><Contract /></div>
    </div>
  </Page>;
}
