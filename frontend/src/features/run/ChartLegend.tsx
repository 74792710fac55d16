import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { CurveGroup } from "./curves";
import classes from "./curves.module.css";
import { formatValue, LEGEND_LINES, type LegendLine } from "./metricLabel";

interface ChartLegendProps {
  label: string;
  group: CurveGroup;
  values: Record<LegendLine, number | null>;
  isZoomed: boolean;
  onReset: () => void;
}

/** The chart's heading, and each line's name and value: now, or where the cursor stands. */
export function ChartLegend({ label, group, values, isZoomed, onReset }: ChartLegendProps) {
  const { t, i18n } = useTranslation("run");
  return (
    <figcaption className={classes.legend}>
      <span className={classes.metric}>{label}</span>
      {isZoomed && (
        <Button variant="subtle" size="compact-xs" onClick={onReset}>
          {t("chart.reset")}
        </Button>
      )}
      <span className={classes.values}>
        {LEGEND_LINES.filter((line) => group[line] !== null).map((line) => {
          const value = values[line];
          return (
            <span key={line} className={classes.value}>
              <span className={classes.swatch} data-line={line} aria-hidden="true" />
              <span className={classes.line}>{t(`line.${line}`)}</span>
              <span className={classes.shortLine} aria-hidden="true">
                {t(`shortLine.${line}`)}
              </span>
              <span className={classes.number}>
                {value === null ? "–" : formatValue(group.metric, value, i18n.language)}
              </span>
            </span>
          );
        })}
      </span>
    </figcaption>
  );
}
