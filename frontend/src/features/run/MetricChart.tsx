import { useComputedColorScheme } from "@mantine/core";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { LiveRun } from "@/live/liveRun";
import type { Table } from "@/series/lines";
import { type Axis, formatPlace } from "./axis";
import { ChartLegend } from "./ChartLegend";
import { extentOf, tableOf, valuesAt } from "./chartTable";
import type { CurveGroup } from "./curves";
import classes from "./curves.module.css";
import { describeValues, formatTickValue, metricLabel } from "./metricLabel";
import { createPlot, type Plot } from "./plot";
import { useDetail } from "./useDetail";
import { yRange } from "./yRange";

const REDRAW_MS = 100;
const KEY_STEPS = 50;

interface MetricChartProps {
  run: LiveRun;
  runId: string;
  group: CurveGroup;
  axis: Axis;
  smoothing: number;
  isLog: boolean;
  /** Lets single batches leave the picture, so that the rest is seen. */
  withoutOutliers: boolean;
  height: number;
}

type Range = readonly [number, number];

/** One metric as curves: drag to zoom, double click or 0 to see everything, arrows to read values. */
export function MetricChart({
  run,
  runId,
  group,
  axis,
  smoothing,
  isLog,
  withoutOutliers,
  height,
}: MetricChartProps) {
  const { t, i18n } = useTranslation("run");
  const scheme = useComputedColorScheme("light");
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const [zoom, setZoom] = useState<Range | null>(null);
  const [cursor, setCursor] = useState<number | null>(null);
  const label = metricLabel(group.metric, t);
  const detail = useDetail(run, runId, group.batch, zoom);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme's colours are read when the plot is made
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const extent = () => zoom ?? extentOf(run.series, group) ?? [0, 1];
    const axisRange = (): [number, number] => {
      const [from, to] = extent();
      const [low, high] = [axis.toAxis(from), axis.toAxis(to)];
      return high > low ? [low, high] : [low, low + 1];
    };
    let table: Table = [[]];
    const made = createPlot(element, element.clientWidth, {
      mode: axis.mode,
      isLog,
      height,
      formatY: (value) => formatTickValue(group.metric, value),
      isSmoothed: smoothing > 0,
      isAlone: () => pointsOf(run, group).length === 0,
      range: axisRange,
      yRange: () => yRange(table, isLog, withoutOutliers),
      epochEnds: () => pointsOf(run, group).map(axis.toAxis),
      marks: () => run.state.marks.map((mark) => axis.toAxis(axis.mode === "time" ? mark.t_ms : mark.step)),
      onCursor: (x) => setCursor(x === null ? null : axis.fromAxis(x)),
      onZoom: (range) => setZoom(range && [axis.fromAxis(range[0]), axis.fromAxis(range[1])]),
    });
    plot.current = made;
    const draw = () => {
      const view = {
        range: zoom,
        widthPx: element.clientWidth,
        toAxis: axis.toAxis,
        smoothing,
        isLog,
        detail,
      };
      table = tableOf(run.series, group, view);
      made.setData(table);
    };
    draw();
    const redraw = throttle(draw, REDRAW_MS);
    const stopListening = run.listen(redraw.call);
    const observer = new ResizeObserver(() => {
      made.resize(element.clientWidth);
      redraw.call();
    });
    observer.observe(element);
    return () => {
      stopListening();
      observer.disconnect();
      redraw.cancel();
      made.destroy();
      plot.current = null;
    };
  }, [run, group, axis, smoothing, isLog, withoutOutliers, height, zoom, detail, scheme]);

  const onKeyDown = (event: KeyboardEvent) => {
    const range = zoom ?? extentOf(run.series, group);
    if (!range) return;
    const next = keyCommand(event.key, range, cursor);
    if (!next) return;
    event.preventDefault();
    if (next.zoom !== undefined) setZoom(next.zoom);
    if (next.cursor !== undefined) {
      setCursor(next.cursor);
      plot.current?.point(next.cursor === null ? null : axis.toAxis(next.cursor));
    }
  };

  const values = valuesAt(run.series, group, cursor);
  const at =
    cursor === null ? null : `${t(`axis.${axis.mode}`)} ${formatPlace(axis.mode, axis.toAxis(cursor))}`;
  const [low, high] = extentOf(run.series, group) ?? [0, 1];
  return (
    <figure className={classes.chart}>
      <ChartLegend
        label={label}
        group={group}
        values={values}
        isZoomed={zoom !== null}
        onReset={() => setZoom(null)}
      />
      <div
        className={classes.canvas}
        style={{ height }}
        role="slider"
        aria-label={t("chart.label", { metric: label })}
        aria-description={t("chart.keys")}
        aria-valuemin={low}
        aria-valuemax={high}
        aria-valuenow={cursor ?? high}
        aria-valuetext={[
          at ?? t("chart.now"),
          ...describeValues(values, group.metric, t, i18n.language),
        ].join(", ")}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onBlur={() => setCursor(null)}
      >
        <div ref={host} aria-hidden="true" />
        {at && (
          <span className={classes.at} aria-hidden="true">
            {at}
          </span>
        )}
      </div>
    </figure>
  );
}

interface KeyResult {
  zoom?: Range | null;
  cursor?: number | null;
}

function keyCommand(key: string, [from, to]: Range, cursor: number | null): KeyResult | null {
  const step = (to - from) / KEY_STEPS;
  const middle = cursor ?? (from + to) / 2;
  const zoomed = (factor: number): Range => [
    middle - (middle - from) * factor,
    middle + (to - middle) * factor,
  ];
  switch (key) {
    case "ArrowLeft":
      return { cursor: Math.max(from, (cursor ?? to) - step) };
    case "ArrowRight":
      return { cursor: Math.min(to, (cursor ?? from) + step) };
    case "Home":
      return { cursor: from };
    case "End":
      return { cursor: to };
    case "+":
    case "=":
      return { zoom: zoomed(0.5) };
    case "-":
      return { zoom: zoomed(2) };
    case "0":
      return { zoom: null };
    case "Escape":
      return { zoom: null, cursor: null };
    default:
      return null;
  }
}

/** The x of each epoch's end. */
function pointsOf(run: LiveRun, group: CurveGroup): number[] {
  const epochs = run.series.get(group.epoch ?? group.validation ?? "");
  return epochs ? [...epochs.samples()].map((sample) => sample.x) : [];
}

/** Calls at most once in `ms`, and always once more for the last call. */
function throttle(action: () => void, ms: number) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = Number.NEGATIVE_INFINITY;
  const run = () => {
    timer = undefined;
    last = performance.now();
    action();
  };
  return {
    call() {
      if (timer !== undefined) return;
      timer = setTimeout(run, Math.max(0, last + ms - performance.now()));
    },
    cancel: () => clearTimeout(timer),
  };
}
