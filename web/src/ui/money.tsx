// Amounts: ether, with wei on hover. Wei are exact, so they are never made floating point.
export function formatEther(wei: bigint, digits = 6): string {
  const negative = wei < 0n;
  const value = negative ? -wei : wei;
  const whole = value / 10n ** 18n;
  const part = (value % 10n ** 18n).toString().padStart(18, '0');
  const cut = part.slice(0, digits).replace(/0+$/, '');
  const sign = negative ? '-' : '';
  if (value > 0n && whole === 0n && cut === '') return `${sign}<0.${'0'.repeat(digits - 1)}1`;
  return `${sign}${whole.toLocaleString('en')}${cut && `.${cut}`}`;
}

export function parseEther(text: string): bigint | undefined {
  const found = /^(\d{1,30})(?:\.(\d{1,18}))?$/.exec(text.trim());
  if (!found) return undefined;
  return BigInt(found[1]!) * 10n ** 18n + BigInt((found[2] ?? '').padEnd(18, '0'));
}

export function Eth({ wei }: { wei: string | bigint | undefined }) {
  if (wei === undefined) return null;
  const value = BigInt(wei);
  return <span class="amount" title={`${value.toLocaleString('en')} wei`}>{formatEther(value)} <small>ETH</small></span>;
}

export function Gwei({ wei }: { wei: string | bigint }) {
  const value = BigInt(wei);
  const text = (Number(value / 1000n) / 1e6).toLocaleString('en', { maximumSignificantDigits: 5 });
  return <span class="amount" title={`${value.toLocaleString('en')} wei`}>{text} <small>gwei</small></span>;
}

export const count = (n: number | undefined) => n?.toLocaleString('en');
