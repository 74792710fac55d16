/** Whether this browser is signed in; any route that needs it and costs nothing tells. */
export async function isSignedOut(): Promise<boolean> {
  try {
    const response = await fetch("/api/v1/runs?limit=1", { headers: { Accept: "application/json" } });
    return response.status === 401;
  } catch {
    return false;
  }
}
