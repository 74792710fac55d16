import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { EmptyState } from "@/ui/EmptyState";
import { Page } from "@/ui/Page";

export function NotFound() {
  const { t } = useTranslation("app");
  return (
    <Page title={t("notFound.title")}>
      <EmptyState
        title={t("notFound.message")}
        action={
          <Button component={Link} to="/" variant="default">
            {t("notFound.home")}
          </Button>
        }
      />
    </Page>
  );
}
