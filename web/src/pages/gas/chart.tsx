// A chart (uPlot): stacked bars, or lines, over time. Loaded with the page that shows it.
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export interface Series { label: string; values: number[] }
interface ChartProps {
  label: string;
  kind: 'bars' | 'lines';
  times: number[]; // seconds
  series: Series[];
  format: (value: number) => string;
  formatTime: (seconds: number) => string;
}

const HEIGHT = 260, COLOURS = 8;

// A token's colour as a canvas takes it.
function colour(probe: HTMLElement, token: string): string {
  probe.style.color = `var(${token})`;
  const found = getComputedStyle(probe).color;
  probe.style.color = '';
  return found;
}

// Each series stands on those before it, so the last one is drawn first.
const stack = (series: Series[]) => {
  const sums = series[0]?.values.map(() => 0) ?? [];
  return series.map((one) => one.values.map((value, i) => (sums[i]! += value)));
};

// Of the times there are, as many as there is room for, the last one always.
function ticks(times: number[], width: number): number[] {
  const every = Math.ceil(times.length / Math.max(1, Math.floor((width - 78) / 92)));
  return times.filter((_, i) => (times.length - 1 - i) % every === 0);
}

export default function Chart({ label, kind, times, series, format, formatTime }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const [theme, setTheme] = useState(0);
  useEffect(() => {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const changed = () => setTheme((n) => n + 1);
    dark.addEventListener('change', changed);
    return () => dark.removeEventListener('change', changed);
  }, []);
  useEffect(() => {
    const at = box.current!;
    const text = colour(at, '--quiet'), line = colour(at, '--line');
    const isStacked = kind === 'bars';
    const drawn = isStacked ? stack(series).toReversed() : series.map((one) => one.values);
    const order = isStacked ? series.map((one, i) => ({ one, i })).toReversed() : series.map((one, i) => ({ one, i }));
    const axis = { stroke: text, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: '12px system-ui' };
    const gap = times.length > 1 ? Math.min(...times.slice(1).map((time, i) => time - times[i]!)) : 86400;
    const width = () => Math.max(220, at.clientWidth);
    const plot = new uPlot({
      width: width(), height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: true, range: (_, min, max) => [min - gap / 2, max + gap / 2] },
        y: { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] },
      },
      axes: [
        { ...axis, splits: (plotted) => ticks(times, plotted.width), values: (_, splits) => splits.map(formatTime), grid: { show: false } },
        { ...axis, values: (_, splits) => splits.map(format), size: 78 },
      ],
      series: [{}, ...order.map(({ one, i }) => ({
        label: one.label,
        stroke: colour(at, `--chart-${(i % COLOURS) + 1}`),
        width: isStacked ? 0 : 2,
        points: { show: !isStacked && times.length <= 60 },
        ...(isStacked && { fill: colour(at, `--chart-${(i % COLOURS) + 1}`), paths: uPlot.paths.bars!({ size: [0.72, 48] }) }),
      }))],
    }, [times, ...drawn] as uPlot.AlignedData, at);
    const resized = new ResizeObserver(() => plot.setSize({ width: width(), height: HEIGHT }));
    resized.observe(at);
    return () => {
      resized.disconnect();
      plot.destroy();
    };
  }, [theme, kind, times, series, format, formatTime]);
  return <figure class="chart">
    <div ref={box} role="img" aria-label={label} />
    <figcaption class="legend">{series.map((one, i) => <span key={one.label}><i class={`swatch swatch-${(i % COLOURS) + 1}`} aria-hidden="true" />
      {one.label}</span>)}</figcaption>
  </figure>;
}
