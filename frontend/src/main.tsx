import "@/ui/mantine.css";
import "@/ui/tokens.css";
import "@/ui/base.css";
import { createRoot } from "react-dom/client";
import { App } from "@/app/App";
import { startI18n } from "@/app/i18n";

const root = document.getElementById("root");
if (!root) throw new Error('index.html has no element "root"');

await startI18n();
createRoot(root).render(<App />);
