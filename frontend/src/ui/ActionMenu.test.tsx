import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { violationsIn } from "@/test/axe";
import { renderPage } from "@/test/render";
import { ActionMenu, MenuItem } from "./ActionMenu";

async function open() {
  const choose = vi.fn();
  const page = await renderPage(
    <ActionMenu label="More">
      <MenuItem icon={null} onClick={() => choose("first")}>
        First
      </MenuItem>
      <MenuItem icon={null} onClick={() => choose("second")} disabled>
        Second
      </MenuItem>
      <MenuItem icon={null} onClick={() => choose("third")}>
        Third
      </MenuItem>
    </ActionMenu>,
  );
  await userEvent.click(screen.getByRole("button", { name: "More" }));
  await waitFor(() => expect(item("First")).toHaveFocus());
  return { ...page, choose };
}

const item = (name: string) => screen.getByRole("menuitem", { name });

describe("ActionMenu", () => {
  it("opens with its first item in focus", async () => {
    await open();
    expect(screen.getByRole("button", { name: "More" })).toHaveAttribute("aria-expanded", "true");
    expect(item("First")).toHaveFocus();
  });

  it("is walked with the arrows, past what cannot be chosen and around its ends", async () => {
    await open();
    await userEvent.keyboard("{ArrowDown}");
    expect(item("Third")).toHaveFocus();
    await userEvent.keyboard("{ArrowDown}");
    expect(item("First")).toHaveFocus();
    await userEvent.keyboard("{ArrowUp}");
    expect(item("Third")).toHaveFocus();
    await userEvent.keyboard("{Home}");
    expect(item("First")).toHaveFocus();
  });

  it("closes when something is chosen", async () => {
    const { choose } = await open();
    await userEvent.click(item("Third"));
    expect(choose).toHaveBeenCalledExactlyOnceWith("third");
    await waitFor(() => expect(screen.queryByRole("menuitem")).toBeNull());
  });

  it("is accessible", async () => {
    const { container } = await open();
    expect(await violationsIn(container)).toEqual([]);
  });
});
