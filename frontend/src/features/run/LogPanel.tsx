import { Skeleton } from "@mantine/core";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { localize } from "@/api/text";
import { useLiveRun, useLiveRunState } from "@/live/useLiveRun";
import { ScrollRegion } from "@/ui/ScrollRegion";
import classes from "./log.module.css";

/** What the run wrote, oldest first; follows the end for as long as the reader is there. */
export function LogPanel({ runId, height }: { runId: string; height?: number }) {
  const { t, i18n } = useTranslation("run");
  const run = useLiveRun(runId);
  const lines = useLiveRunState(run, (state) => state.log);
  const isLoaded = useLiveRunState(run, (state) => state.isLoaded);
  const frame = useRef<HTMLElement>(null);
  const isAtEnd = useRef(true);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new line is the reason to scroll
  useEffect(() => {
    const element = frame.current;
    if (element && isAtEnd.current) element.scrollTop = element.scrollHeight;
  }, [lines]);

  const time = new Intl.DateTimeFormat(i18n.language, { timeStyle: "medium" });
  if (!isLoaded && lines.length === 0) return <Skeleton height={height ?? 120} />;
  return (
    <ScrollRegion
      ref={frame}
      className={classes.log}
      style={height === undefined ? undefined : { maxHeight: height }}
      aria-label={t("log.label")}
      onScroll={({ currentTarget: element }) => {
        isAtEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 24;
      }}
    >
      {lines.length === 0 && <p className={classes.none}>{t("log.none")}</p>}
      <ol className={classes.lines}>
        {lines.map((line) => (
          <li key={line.seq} className={classes.line} data-level={line.level.toLowerCase()}>
            <time dateTime={new Date(line.t_ms).toISOString()}>{time.format(line.t_ms)}</time>
            <span>{localize(line.text, i18n.language)}</span>
          </li>
        ))}
      </ol>
    </ScrollRegion>
  );
}
