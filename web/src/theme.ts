// Runs before the first paint: applies the chosen theme and says that scripts run.
const root = document.documentElement;
root.classList.add("js");
try {
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") root.dataset["theme"] = chosen;
} catch {
  // Storage can be forbidden; the system's theme applies then.
}
