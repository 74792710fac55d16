import { useTranslation } from "react-i18next";
import { ButtonLink } from "@/ui/ButtonLink";
import { EmptyState } from "@/ui/EmptyState";
import { Page } from "@/ui/Page";

export function NotFound() {
  const { t } = useTranslation("app");
  return (
    <Page title={t("notFound.title")}>
      <EmptyState
        title={t("notFound.message")}
        action={
          <ButtonLink to="/" variant="default">
            {t("notFound.home")}
          </ButtonLink>
        }
      />
    </Page>
  );
}
