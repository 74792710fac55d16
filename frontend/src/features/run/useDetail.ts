import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { seriesQuery } from "@/api/runs";
import type { LiveRun } from "@/live/liveRun";
import { wireNumber } from "@/live/wire";
import { Pyramid } from "@/series/pyramid";

/** Enough for a wide screen at two points a pixel. */
const MOST_POINTS = 4000;

/**
 * The points of a zoomed stretch, where the stream had only sent buckets of them; null while there is nothing finer.
 */
export function useDetail(
  run: LiveRun,
  runId: string,
  key: string | null,
  zoom: readonly [number, number] | null,
): Pyramid | null {
  const isCoarse = key !== null && run.series.get(key)?.isCoarse === true;
  const [from, to] = zoom ?? [0, 0];
  const where = {
    key: key ?? "",
    x: run.x,
    from: Math.floor(from),
    to: Math.ceil(to),
    maxPoints: MOST_POINTS,
  };
  const detail = useQuery({ ...seriesQuery(runId, where), enabled: zoom !== null && isCoarse });
  return useMemo(() => {
    const [buckets] = detail.data ?? [];
    if (!zoom || !buckets) return null;
    const pyramid = new Pyramid();
    const read = (column: readonly unknown[], index: number) => wireNumber(column[index]) ?? Number.NaN;
    buckets.x.forEach((x, index) => {
      pyramid.pushBucket({
        x,
        min: read(buckets.min, index),
        max: read(buckets.max, index),
        last: read(buckets.last, index),
      });
    });
    return pyramid;
  }, [detail.data, zoom]);
}
