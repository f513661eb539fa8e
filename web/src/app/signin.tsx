import { useState } from 'preact/hooks';
import { useTask } from '../api/use';
import { Button, Field } from '../ui/form';
import { Mark } from '../ui/mark';
import { Problem } from '../ui/states';
import { roleNames, session, signIn } from './session';

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
      </div>
    </main>
  );
}
