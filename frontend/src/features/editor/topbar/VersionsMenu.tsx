import { Menu } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { describeError } from "@/ui/describeError";
import { ChevronDownIcon } from "@/ui/icons";
import { showToast } from "@/ui/toastStore";
import { readDocuments, readModel, versionsQuery } from "../api";
import { useEditor, useSaving } from "../EditorContext";
import classes from "./TopBar.module.css";

/** The saved versions. Opening one is an edit: undo goes back, and it is saved as the newest. */
export function VersionsMenu() {
  const { t, i18n } = useTranslation("editor");
  const { t: tUi } = useTranslation("ui");
  const { document } = useEditor();
  const model = useSaving((saving) => saving.model);
  const [isOpen, setIsOpen] = useState(false);
  const versions = useQuery({ ...versionsQuery(model?.id ?? ""), enabled: isOpen && model !== null });
  if (!model) return null;

  const open = async (version: number) => {
    try {
      const documents = readDocuments(await readModel(model.id, version));
      document.getState().change(documents, { label: "version" });
      showToast("info", t("versions.opened", { version }));
    } catch (error) {
      showToast("error", describeError(error, tUi).title);
    }
  };
  const when = new Intl.DateTimeFormat(i18n.language, { dateStyle: "medium", timeStyle: "short" });
  return (
    <Menu opened={isOpen} onChange={setIsOpen} position="bottom-start" width={260}>
      <Menu.Target>
        <button
          type="button"
          className={classes.version}
          aria-label={t("versions.label", { version: model.version })}
        >
          {t("versions.current", { version: model.version })}
          <ChevronDownIcon size={12} />
        </button>
      </Menu.Target>
      <Menu.Dropdown mah={360} style={{ overflowY: "auto" }}>
        <Menu.Label>{t("versions.title")}</Menu.Label>
        {versions.data?.map((saved) => (
          <Menu.Item
            key={saved.version}
            disabled={saved.version === model.version}
            rightSection={<span className={classes.when}>{when.format(new Date(saved.created_at))}</span>}
            onClick={() => void open(saved.version)}
          >
            {t("versions.current", { version: saved.version })}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
