// Painting of the strip: grid, bars, selection, ticks, onto a canvas. What is to be seen comes in as a scene.
import { gridLines, type Bar, type Bars, type Range, type Tick } from './histogram';
import type { Family } from './types';

/** Everything one picture of the strip depends on. */
export interface Scene {
  bars: Bars;
  /** Instants at the left and right edge. */
  view: Range;
  selection: Range | null;
  /** Index of the bar under the pointer. */
  hover: number | null;
  loading: boolean;
  ticks: { tick: Tick; text: string }[];
  families: readonly Family[];
  grid: [number, number];
  gridText: (n: number) => string;
  aheadText: string;
}

/** Colours and type of the page, read from its tokens. */
export interface Ink {
  family: Record<Family, string>;
  text: string;
  line: string;
  axis: string;
  accent: string;
  surface: string;
  font: string;
}

/** Rows over and under the bars, in CSS pixels: the upper number, the tick labels. */
export const TOP = 16;
export const FOOT = 20;
/** Bars are at most this wide. */
const WIDEST = 48;
const DIM = 0.38;
const LOADING = 0.4;
const GAP = 1;

/** The tokens as they are now on this element. */
export function readInk(element: Element, families: readonly Family[]): Ink {
  const style = getComputedStyle(element);
  const token = (name: string): string => style.getPropertyValue(name).trim();
  const family = Object.fromEntries(families.map((name) => [name, token(`--c-${name}`)])) as Record<Family, string>;
  return {
    family,
    text: token('--text-2'),
    line: token('--line'),
    axis: token('--line-strong'),
    accent: token('--accent'),
    surface: token('--surface'),
    font: style.fontFamily,
  };
}

/** The bars a view shows, and the highest of them decides the grid. */
export function gridFor(bars: Bars, view: Range): [number, number] {
  let most = bars.ahead?.total ?? 0;
  for (const bar of bars.list) if (bar.to > view.from && bar.from < view.to) most = Math.max(most, bar.total);
  return gridLines(most);
}

/** Room for the bar "ahead" behind the last one, in milliseconds. */
export function aheadRoom(bars: Bars): { from: number; to: number } | null {
  const last = bars.list.at(-1);
  if (bars.ahead === null || last === undefined) return null;
  const wide = Math.max(last.to - last.from, (last.to - bars.list[0]!.from) / 60);
  return { from: last.to + wide / 2, to: last.to + wide * 1.5 };
}

/** Paints the scene; `width` and `height` are the canvas in CSS pixels, `dpr` its pixels per CSS pixel. */
export function paint(ctx: CanvasRenderingContext2D, width: number, height: number, dpr: number, fontPx: number, scene: Scene, ink: Ink): void {
  ctx.save();
  ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
  ctx.font = `${fontPx}px ${ink.font}`;
  const base = height - FOOT;
  const tall = base - TOP;
  const span = scene.view.to - scene.view.from;
  const x = (ms: number): number => ((ms - scene.view.from) / span) * width;
  const sharp = (n: number): number => Math.round(n * dpr) / dpr;
  const hair = Math.max(1, Math.round(dpr)) / dpr;

  // Without events there is the axis only: a scale would mean nothing.
  if (scene.bars.ahead !== null || scene.bars.list.some((bar) => bar.total > 0)) grid(ctx, width, base, tall, hair, scene, ink);
  if (scene.selection !== null) {
    ctx.globalAlpha = 0.1;
    ctx.fillStyle = ink.accent;
    const from = sharp(x(scene.selection.from));
    ctx.fillRect(from, 0, sharp(x(scene.selection.to)) - from, base);
  }

  const top = scene.grid[1];
  const drawBar = (bar: Bar, from: number, to: number, alpha: number): void => {
    if (bar.total === 0 || to < 0 || from > width) return;
    const slot = to - from;
    const wide = Math.min(WIDEST, Math.max(hair, slot - (slot > 2.5 ? GAP : 0)));
    const left = sharp(from + (slot - wide - (slot > 2.5 && wide < WIDEST ? GAP : 0)) / 2);
    const right = Math.max(left + hair, sharp(left + wide));
    ctx.globalAlpha = alpha;
    let sum = 0;
    let y = base;
    for (const family of scene.families) {
      const n = bar.families[family] ?? 0;
      if (n === 0) continue;
      sum += n;
      const next = Math.min(y, sharp(base - (sum / top) * tall));
      // The first segment shows even if it is less than a pixel.
      const high = y === base ? Math.max(hair, y - next) : y - next;
      if (high < hair / 2) continue;
      const gap = high > 2.5 * hair && y < base ? hair : 0;
      ctx.fillStyle = ink.family[family];
      ctx.fillRect(left, y - high, right - left, high - gap);
      y -= high;
    }
  };

  const list = scene.bars.list;
  list.forEach((bar, i) => {
    const middle = (bar.from + bar.to) / 2;
    const inside = scene.selection === null || (middle >= scene.selection.from && middle < scene.selection.to);
    const alpha = (scene.loading ? LOADING : 1) * (inside ? 1 : DIM);
    if (scene.hover === i && scene.selection === null) {
      ctx.globalAlpha = 0.14;
      ctx.fillStyle = ink.axis;
      const from = sharp(x(bar.from));
      ctx.fillRect(from, TOP, Math.max(hair, sharp(x(bar.to)) - from), tall);
    }
    drawBar(bar, x(bar.from), x(bar.to), alpha);
  });

  const room = aheadRoom(scene.bars);
  if (room !== null && scene.bars.ahead !== null) {
    const alpha = (scene.loading ? LOADING : 1) * (scene.selection === null ? 1 : DIM);
    ahead(ctx, scene.bars.ahead, sharp(x(room.from)), sharp(x(room.to)), base, tall, top, alpha, hair, ink);
  }

  ctx.globalAlpha = 1;
  ctx.fillStyle = ink.axis;
  ctx.fillRect(0, sharp(base), width, hair);
  tickLine(ctx, width, base, hair, x, sharp, room, scene, ink);
  if (scene.selection !== null) {
    ctx.fillStyle = ink.accent;
    for (const edge of [scene.selection.from, scene.selection.to]) {
      const at = Math.max(0, Math.min(width - 1.5, x(edge) - 0.75));
      ctx.fillRect(sharp(at), 0, 1.5, base);
    }
  }
  ctx.restore();
}

function grid(ctx: CanvasRenderingContext2D, width: number, base: number, tall: number, hair: number, scene: Scene, ink: Ink): void {
  ctx.globalAlpha = scene.selection === null ? 1 : 0.6;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'alphabetic';
  for (const n of scene.grid) {
    const y = Math.round(base - (n / scene.grid[1]) * tall);
    ctx.fillStyle = ink.line;
    ctx.fillRect(0, y, width, hair);
    ctx.fillStyle = ink.text;
    ctx.fillText(scene.gridText(n), 2, y - 4);
  }
  ctx.globalAlpha = 1;
}

// Hatched, so that nobody takes it for a bar of its place in time.
function ahead(ctx: CanvasRenderingContext2D, bar: Bar, from: number, to: number, base: number, tall: number, top: number, alpha: number, hair: number, ink: Ink): void {
  const high = Math.min(tall, Math.max(3 * hair, (bar.total / top) * tall));
  const wide = Math.min(WIDEST, to - from);
  ctx.save();
  ctx.globalAlpha = alpha;
  ctx.strokeStyle = ink.text;
  ctx.lineWidth = hair;
  ctx.strokeRect(from + hair / 2, base - high + hair / 2, wide - hair, high - hair);
  ctx.beginPath();
  ctx.rect(from, base - high, wide, high);
  ctx.clip();
  ctx.beginPath();
  for (let d = -high; d < wide + high; d += 4) {
    ctx.moveTo(from + d, base);
    ctx.lineTo(from + d + high, base - high);
  }
  ctx.stroke();
  ctx.restore();
}

function tickLine(
  ctx: CanvasRenderingContext2D,
  width: number,
  base: number,
  hair: number,
  x: (ms: number) => number,
  sharp: (n: number) => number,
  room: Range | null,
  scene: Scene,
  ink: Ink,
): void {
  ctx.textBaseline = 'alphabetic';
  ctx.textAlign = 'center';
  let free = -Infinity;
  let end = width;
  if (room !== null) {
    const wide = ctx.measureText(scene.aheadText).width;
    const at = Math.min(width - wide / 2, x((room.from + room.to) / 2));
    ctx.fillStyle = ink.text;
    ctx.fillText(scene.aheadText, at, base + 16);
    end = at - wide / 2 - 8;
  }
  for (const { tick, text } of scene.ticks) {
    const at = x(tick.at);
    if (at < -0.5 || at > width + 0.5) continue;
    const wide = ctx.measureText(text).width;
    const left = Math.max(0, Math.min(width - wide, at - wide / 2));
    if (left < free || left + wide > end) continue;
    ctx.fillStyle = ink.axis;
    ctx.fillRect(sharp(Math.min(at, width - hair)), base, hair, 4);
    ctx.fillStyle = ink.text;
    ctx.fillText(text, left + wide / 2, base + 16);
    free = left + wide + 12;
  }
}
