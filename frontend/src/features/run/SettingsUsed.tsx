import { useTranslation } from "react-i18next";
import type { RunDetail } from "@/api/runs";
import { FactList } from "./FactList";
import { settingsOf } from "./settings";

const KNOWN = [
  "dataset",
  "validation",
  "loss",
  "metrics",
  "optimizer",
  "batch_size",
  "epochs",
  "shuffle",
  "callbacks",
  "device",
  "precision",
  "seed",
] as const;
type KnownSetting = (typeof KNOWN)[number];

function isKnown(key: string): key is KnownSetting {
  return (KNOWN as readonly string[]).includes(key);
}

/** The documents that the run froze: which model, and how it learned. */
export function SettingsUsed({ run }: { run: RunDetail }) {
  const { t } = useTranslation("run");
  const model =
    run.model_version === null
      ? run.graph_name
      : t("settings.modelVersion", { name: run.graph_name, version: run.model_version });
  const rows = settingsOf(run.training).map(({ key, value }) => ({
    name: isKnown(key) ? t(`settings.${key}`) : key,
    value,
  }));
  return <FactList rows={[{ name: t("settings.model"), value: model }, ...rows]} />;
}
