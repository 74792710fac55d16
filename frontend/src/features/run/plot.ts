/** One uPlot chart in the studio's looks. No React: the component tells it what to draw and when. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Table } from "@/series/lines";
import { type AxisMode, formatTick, gutterOf, tickSteps } from "./axis";
import type { ChartLine } from "./chartTable";

export interface PlotOptions {
  mode: AxisMode;
  isLog: boolean;
  height: number;
  /** A tick of the vertical axis. */
  formatY: (value: number) => string;
  /** Whether the smoothed line stands before the raw one. */
  isSmoothed: boolean;
  /** Whether the batches are all there is yet: then nothing stands before them. */
  isAlone: () => boolean;
  /** Where the axis begins and ends now, in its own units. */
  range: () => [number, number];
  /** What the vertical axis shows now. */
  yRange: () => [number, number];
  /** Vertical lines, in the axis' units. */
  epochEnds: () => readonly number[];
  marks: () => readonly number[];
  /** The cursor is over x, or has left. */
  onCursor: (x: number | null) => void;
  onZoom: (range: [number, number] | null) => void;
}

export interface Plot {
  setData(table: Table): void;
  resize(width: number): void;
  /** Moves the crosshair to x, for the keyboard. */
  point(x: number | null): void;
  destroy(): void;
}

interface Palette {
  text: string;
  grid: string;
  surface: string;
  train: string;
  validation: string;
  warn: string;
  font: string;
}

function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(name).trim();
  return {
    text: token("--lm-text-faint"),
    grid: token("--lm-grid"),
    surface: token("--lm-surface"),
    train: token("--lm-series-1"),
    validation: token("--lm-series-2"),
    warn: token("--lm-warn"),
    font: `11px ${token("--lm-font") || "sans-serif"}`,
  };
}

const FAINT = "59";
const HALF = "8c";
/** More lines than this between epochs would be a grey area. */
const MOST_EPOCH_LINES = 60;
/** Between the labels of the vertical axis and the curves, and from them to the edge. */
const LABEL_GAP = 8;

function seriesOf(palette: Palette, { isSmoothed, isAlone }: PlotOptions): Record<ChartLine, uPlot.Series> {
  const behind = palette.train + (isSmoothed ? FAINT : HALF);
  const dots = { show: true, size: 5, fill: palette.surface };
  return {
    batch: {
      stroke: () => (isAlone() && !isSmoothed ? palette.train : behind),
      width: 1,
      points: { show: false },
      spanGaps: true,
    },
    smoothed: { stroke: palette.train, width: 1.75, points: { show: false }, spanGaps: true },
    // Beside a smoothed line the epochs are dots: two lines of one colour would be taken for each other.
    epoch: {
      stroke: palette.train,
      width: isSmoothed ? 0 : 2,
      points: { ...dots, stroke: palette.train, width: 1.5 },
      spanGaps: true,
    },
    validation: {
      stroke: palette.validation,
      width: 2,
      dash: [6, 4],
      points: { ...dots, stroke: palette.validation },
      spanGaps: true,
    },
  };
}

function drawVerticals(plot: uPlot, xs: readonly number[], color: string, dash: number[]): void {
  const { ctx, bbox } = plot;
  const [min, max] = [plot.scales.x?.min ?? 0, plot.scales.x?.max ?? 0];
  ctx.save();
  ctx.strokeStyle = color;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
  ctx.beginPath();
  for (const x of xs) {
    if (x <= min || x >= max) continue;
    const left = Math.round(plot.valToPos(x, "x", true));
    ctx.moveTo(left, bbox.top);
    ctx.lineTo(left, bbox.top + bbox.height);
  }
  ctx.stroke();
  ctx.restore();
}

export function createPlot(host: HTMLElement, width: number, options: PlotOptions): Plot {
  const palette = readPalette();
  const lines = seriesOf(palette, options);
  const axis: uPlot.Axis = {
    font: palette.font,
    stroke: palette.text,
    grid: { stroke: palette.grid, width: 1 },
    ticks: { show: false },
  };
  const plot = new uPlot(
    {
      width,
      height: options.height,
      pxAlign: 1,
      padding: [8, 12, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false },
        bind: {
          dblclick: () => () => {
            options.onZoom(null);
            return null;
          },
        },
      },
      scales: {
        x: { time: false, range: () => options.range() },
        y: { distr: options.isLog ? 3 : 1, range: () => options.yRange() },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 26,
          gap: 6,
          values: (_plot, ticks) => ticks.map((tick) => formatTick(options.mode, tick)),
          ...(options.mode === "time" ? {} : { incrs: tickSteps(options.mode) }),
        },
        {
          ...axis,
          size: (self, labels) => {
            const { ctx } = self;
            // uPlot sets a font only when it thinks that another one is set.
            const before = ctx.font;
            ctx.font = palette.font;
            const size = gutterOf(labels ?? [], LABEL_GAP, (label) => ctx.measureText(label).width);
            ctx.font = before;
            return size;
          },
          gap: LABEL_GAP,
          values: (_plot, ticks) => ticks.map((tick) => (tick === null ? "" : options.formatY(tick))),
        },
      ],
      series: [{}, lines.batch, lines.smoothed, lines.epoch, lines.validation],
      hooks: {
        drawClear: [
          (self) => {
            const ends = options.epochEnds();
            if (ends.length <= MOST_EPOCH_LINES) drawVerticals(self, ends, palette.grid, []);
            drawVerticals(self, options.marks(), palette.warn, [3, 3]);
          },
        ],
        setCursor: [
          (self) => {
            const left = self.cursor.left ?? -1;
            options.onCursor(left < 0 ? null : self.posToVal(left, "x"));
          },
        ],
        setSelect: [
          (self) => {
            const { left, width: selected } = self.select;
            if (selected < 4) return;
            options.onZoom([self.posToVal(left, "x"), self.posToVal(left + selected, "x")]);
            self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
      },
    },
    [[], [], [], [], []],
    host,
  );
  return {
    setData: (table) => plot.setData(table, true),
    resize: (next) => plot.setSize({ width: next, height: options.height }),
    point(x) {
      const left = x === null ? -10 : plot.valToPos(x, "x");
      plot.setCursor({ left, top: x === null ? -10 : 1 }, false);
    },
    destroy: () => plot.destroy(),
  };
}
