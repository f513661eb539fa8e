import { useEffect, useState } from 'preact/hooks';
import { useTask } from '../api/use';
import { Button, Field } from '../ui/form';
import { Mark } from '../ui/mark';
import { Problem } from '../ui/states';
import { refresh, roleNames, session, signIn } from './session';
import type * as Wallet from './wallet';

// A wallet that is no identity of the node yet may become one where the node allows it.
function Register({ module, wallet }: { module: typeof Wallet; wallet: Wallet.Found }) {
  const [name, setName] = useState('');
  const [role, setRole] = useState<typeof Wallet.registering[number]>('patient');
  const task = useTask(async () => {
    await module.register(wallet, name, role);
    await refresh();
  });
  return <form onSubmit={(event) => { event.preventDefault(); void task.run(); }}>
    <p class="quiet">Your wallet's account is no identity of this node yet. It can become one.</p>
    <Field label="Name">{(id) => <input id={id} value={name} required onInput={(e) => setName(e.currentTarget.value)} />}</Field>
    <Field label="Role">{(id) => <select id={id} value={role} onChange={(e) => setRole(e.currentTarget.value as typeof role)}>
      {module.registering.map((key) => <option key={key} value={key}>{roleNames[key]}</option>)}</select>}</Field>
    {task.error && <Problem error={task.error} />}
    <Button kind="primary" type="submit" isBusy={task.isBusy} wide>Register</Button>
  </form>;
}

function ByWallet() {
  const [module, setModule] = useState<typeof Wallet>();
  const [chosen, setChosen] = useState<Wallet.Found>();
  const task = useTask(async (wallet: Wallet.Found) => {
    setChosen(wallet);
    await module!.signInByWallet(wallet);
    await refresh();
  });
  useEffect(() => { void import('./wallet').then(setModule); }, []);
  if (!module) return null;
  const list = module.wallets.value;
  const isNew = task.error?.code === 'not-found' && session.value?.registration;
  return <div class="stack signin-wallets">
    {list.length === 0 && <p class="quiet small">No wallet was found in this browser.</p>}
    {list.map((one) => <Button key={one.id} wide isBusy={task.isBusy && chosen === one} onClick={() => void task.run(one)}>
      Sign in with {one.name}</Button>)}
    {isNew && chosen ? <Register module={module} wallet={chosen} /> : task.error && <Problem error={task.error} />}
  </div>;
}

export function SignIn() {
  const known = session.value?.identities ?? [];
  const [identity, setIdentity] = useState(known[0]?.name ?? '');
  const [password, setPassword] = useState('');
  const task = useTask(signIn);
  const submit = (event: Event) => {
    event.preventDefault();
    void task.run(identity, password);
  };
  return (
    <main class="signin" id="main" tabIndex={-1}>
      <div class="signin-card">
        <div class="signin-mark"><Mark /> Galen</div>
        <h1>Sign in</h1>
        <p class="quiet">An identity of this node, and its password.</p>
        <form onSubmit={submit}>
          {known.length > 0
            ? <Field label="Identity">
                {(id) => <select id={id} value={identity} onChange={(e) => setIdentity(e.currentTarget.value)}>
                  {known.map((one) => <option key={one.address} value={one.name}>{one.name} ({roleNames[one.role]})</option>)}
                </select>}
              </Field>
            : <Field label="Identity" help="Its name, or its address">
                {(id) => <input id={id} value={identity} autocomplete="username" required
                  onInput={(e) => setIdentity(e.currentTarget.value)} />}
              </Field>}
          <Field label="Password">
            {(id) => <input id={id} type="password" value={password} autocomplete="current-password" required
              onInput={(e) => setPassword(e.currentTarget.value)} />}
          </Field>
          {task.error && <Problem error={task.error} />}
          <Button kind="primary" type="submit" isBusy={task.isBusy} wide>Sign in</Button>
        </form>
        <ByWallet />
      </div>
    </main>
  );
}
