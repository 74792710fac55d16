import { Tabs } from "@mantine/core";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { useEditor, useView } from "../EditorContext";
import type { InspectorTab } from "../state/viewStore";
import { CodeTab } from "./CodeTab";
import { DataTab } from "./DataTab";
import classes from "./Inspector.module.css";
import { LayerTab } from "./LayerTab";
import { ModelTab } from "./ModelTab";
import { TrainingTab } from "./TrainingTab";

const TABS = ["layer", "model", "data", "training", "code"] as const satisfies readonly InspectorTab[];

export const Inspector = memo(function Inspector() {
  const { t } = useTranslation("editor");
  const { view } = useEditor();
  const tab = useView((state) => state.inspectorTab);
  const choose = (value: string | null) => {
    const chosen = TABS.find((known) => known === value);
    if (chosen) view.setState({ inspectorTab: chosen });
  };
  return (
    <aside
      className={classes.inspector}
      aria-label={t("inspector.label")}
      data-inspector
      data-side="properties"
    >
      <Tabs value={tab} onChange={choose} keepMounted={false} className={classes.tabs ?? ""}>
        <Tabs.List className={classes.tabList ?? ""} grow>
          {TABS.map((name) => (
            <Tabs.Tab key={name} value={name} className={classes.tab ?? ""}>
              {t(`inspector.${name}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="layer" className={classes.panel ?? ""}>
          <LayerTab />
        </Tabs.Panel>
        <Tabs.Panel value="model" className={classes.panel ?? ""}>
          <ModelTab />
        </Tabs.Panel>
        <Tabs.Panel value="data" className={classes.panel ?? ""}>
          <DataTab />
        </Tabs.Panel>
        <Tabs.Panel value="training" className={classes.panel ?? ""}>
          <TrainingTab />
        </Tabs.Panel>
        <Tabs.Panel value="code" className={classes.panel ?? ""}>
          <CodeTab />
        </Tabs.Panel>
      </Tabs>
    </aside>
  );
});
