import type data from "@/features/data/locales/en.json";
import type editor from "@/features/editor/locales/en.json";
import type models from "@/features/models/locales/en.json";
import type run from "@/features/run/locales/en.json";
import type runs from "@/features/runs/locales/en.json";
import type settings from "@/features/settings/locales/en.json";
import type ui from "@/ui/locales/en.json";
import type app from "./locales/en.json";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "app";
    resources: {
      app: typeof app;
      data: typeof data;
      editor: typeof editor;
      models: typeof models;
      run: typeof run;
      runs: typeof runs;
      settings: typeof settings;
      ui: typeof ui;
    };
  }
}
