// What is around every page: who is signed in, where one can go, whether the node is well.
import { useEffect, useState } from 'preact/hooks';
import { useData } from '../api/use';
import { asked } from '../api/client';
import { isLive } from '../api/events';
import { AskedWallet } from '../ui/act';
import { Button } from '../ui/form';
import { Address, short } from '../ui/hash';
import { Page as PageOf } from '../ui/layout';
import { Mark } from '../ui/mark';
import { Eth } from '../ui/money';
import { Problem, Waiting } from '../ui/states';
import { fit, Link, place } from './router';
import { pages, type Entry, type Page } from './pages';
import { roleNames, session, signOut, type Role } from './session';

const isFor = (page: Entry, role: Role) => !page.roles || page.roles.includes(role);
const isOn = (page: Entry, place: string) => {
  const path = place.split('?')[0]!;
  return page.path === '/' ? path === '/' : path === page.path || path.startsWith(`${page.path}/`);
};

function Dot({ good, label, title }: { good: boolean | undefined; label: string; title: string }) {
  const state = good === undefined ? 'unknown' : good ? 'good' : 'bad';
  return <span class={`dot dot-${state}`} title={title}><i aria-hidden="true" />{label}
    <span class="hidden">: {good === undefined ? 'not known' : title}</span></span>;
}

function Health() {
  const health = useData('/health');
  const contract = useData('/contract', {}, false);
  const chain = health.data?.chain, store = health.data?.store, code = contract.data;
  return (
    <div class="health" role="status" aria-label="Node">
      <Dot good={chain?.reachable} label="Chain"
        title={chain?.problem ?? (chain ? `Chain ${chain.chainId}, block ${chain.block ?? 'not known'}` : 'Not known')} />
      <Dot good={store && !store.problem} label="Store"
        title={store?.problem ?? (store?.waiting ? `${store.waiting} blocks wait for IPFS` : 'Nothing waits')} />
      <Dot good={code ? code.codeOfThisBuild : contract.error ? false : undefined} label="Contract"
        title={contract.error?.message ?? (code ? [code.codeOfThisBuild ? `${short(code.contract)}, as this build knows it` : 'Its code is not the one this build knows',
          ...code.warnings].join('. ') : 'Not known')} />
      <Dot good={isLive.value} label="Live" title={isLive.value ? 'News come by themselves' : 'Connecting for news'} />
    </div>
  );
}

function Who() {
  const who = session.value!;
  const accounts = useData('/accounts');
  const own = accounts.data?.find((one) => one.address === who.identity);
  return (
    <div class="who">
      <div class="who-name"><b>{own?.name ?? roleNames[who.role!]}</b><span class="role">{roleNames[who.role!]}</span></div>
      <Address of={who.identity!} />
      <span class="who-balance">{own?.balanceWei !== undefined && <Eth wei={own.balanceWei} />}</span>
      <span class="quiet who-chain">Chain {who.chainId}</span>
      <Button kind="quiet" onClick={() => void signOut()}>Sign out</Button>
    </div>
  );
}

function Current({ path, role }: { path: string; role: Role }) {
  const entry = pages.find((one) => isFor(one, role) && fit(one.path, path));
  const [shown, setShown] = useState<{ entry: Entry; Page: Page } | undefined>();
  const [error, setError] = useState<Error | undefined>();
  useEffect(() => {
    let isWanted = true;
    setError(undefined);
    entry?.load().then(({ default: Page }) => isWanted && setShown({ entry, Page }),
      (why: Error) => isWanted && setError(why));
    return () => { isWanted = false; };
  }, [entry]);
  if (!entry) return <PageOf title="There is no such page"><p>Choose another, or begin at the <Link to="/">Inbox</Link>.</p></PageOf>;
  if (error) return <Problem error={error} retry={() => location.reload()} />;
  if (!shown || shown.entry !== entry) return <Waiting what="Opening" />;
  return <shown.Page key={path} params={fit(entry.path, path)!} />;
}

export function Shell() {
  const role = session.value!.role!;
  const path = place.value;
  useEffect(() => document.querySelector('.side [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' }), [path]);
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={(e) => { e.preventDefault(); document.getElementById('main')?.focus(); }}>
        To the content</a>
      <header class="top">
        <Link to="/" class="brand"><Mark /> <span>Galen</span></Link>
        <Health />
        <Who />
      </header>
      <nav class="side" aria-label="Pages">
        <ul>
          {pages.filter((page) => page.label && isFor(page, role) && (!page.wallet || session.value!.wallet === 'browser')).map((page) =>
            <li key={page.path}><Link to={page.path} current={isOn(page, path)}>{page.label}</Link></li>)}
        </ul>
      </nav>
      <main id="main" tabIndex={-1}>{asked.value && !document.querySelector('dialog[open]') && <AskedWallet />}<Current path={path} role={role} /></main>
    </div>
  );
}
