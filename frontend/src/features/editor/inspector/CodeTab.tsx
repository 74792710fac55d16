import { Button, CopyButton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { CheckIcon, CopyIcon } from "@/ui/icons";
import { ScrollRegion } from "@/ui/ScrollRegion";
import { Segmented } from "@/ui/Segmented";
import { codeQuery } from "../api";
import { useGraph } from "../EditorContext";
import classes from "./Inspector.module.css";

const STYLES = ["keras", "pytorch"] as const;

/** The model as Python that builds it. */
export function CodeTab() {
  const { t } = useTranslation("editor");
  const graph = useGraph((now) => now);
  const [style, setStyle] = useState<(typeof STYLES)[number]>("keras");
  const code = useQuery(codeQuery(graph, style));
  return (
    <div className={classes.code}>
      <div className={classes.codeBar}>
        <Segmented
          label={t("code.style")}
          options={STYLES.map((value) => ({ value, label: t(`code.${value}`) }))}
          value={style}
          onChange={setStyle}
        />
        <CopyButton value={code.data?.source ?? ""}>
          {({ copied, copy }) => (
            <Button
              variant="default"
              disabled={!code.data}
              leftSection={copied ? <CheckIcon size={13} /> : <CopyIcon size={13} />}
              onClick={copy}
            >
              {copied ? t("code.copied") : t("code.copy")}
            </Button>
          )}
        </CopyButton>
      </div>
      {code.isError ? (
        <ErrorNotice error={code.error} />
      ) : (
        <ScrollRegion className={classes.source} aria-label={t("code.label")} aria-busy={code.isPending}>
          <pre>{code.data?.source ?? ""}</pre>
        </ScrollRegion>
      )}
    </div>
  );
}
