// What the chat itself says, by language; an app replaces any of it by `chat.texts`. And how numbers and times are said.

const KEYS =
  "title log write send attach screenshot emergency emergencyAsk cancel older connecting away refused memory " +
  "sending failed again remove you typing edited deleted reply react open closed opens expected " +
  "tooLarge wrongType tooMany replying help noLocation newer them seen";

const SPOKEN = ["en", "zh", "ms", "de", "fr", "es", "pt", "ar"];
const RTL = ["ar", "he", "fa", "ur"];
const LENGTHS = { day: 86400, hour: 3600, minute: 60, second: 1 };

const primary = (language) => language.toLowerCase().split("-")[0];

export const direction = (language) => (RTL.includes(primary(language)) ? "rtl" : "ltr");

/** The first of the languages that the browser knows. */
export function chosen(...wanted) {
  const known = (each) => {
    try {
      return Intl.NumberFormat.supportedLocalesOf(each).length;
    } catch {
      return false; // it is no language at all
    }
  };
  return wanted.map((each) => each.replace("_", "-")).find(known);
}

export async function texts(language) {
  const name = primary(language);
  const said = (await import(`./texts.${SPOKEN.includes(name) ? name : "en"}.js`)).default.split("|");
  return Object.fromEntries(KEYS.split(" ").map((key, n) => [key, said[n]]));
}

export const filled = (text, value) => text.replace("{}", value);

export function moment(language, at) {
  const date = new Date(at);
  const today = date.toDateString() === new Date().toDateString();
  return date.toLocaleString(language, { ...(today || { dateStyle: "short" }), timeStyle: "short" });
}

const amount = (language, value, unit, unitDisplay) =>
  value.toLocaleString(language, { style: "unit", unit, unitDisplay, maximumFractionDigits: 1 });

/** A length of time, in its largest whole unit. */
export function span(language, seconds) {
  const [unit, size] = Object.entries(LENGTHS).find(([, each]) => seconds >= each) ?? ["second", 1];
  return amount(language, Math.ceil(seconds / size), unit, "long");
}

/** How large a file is. */
export const octets = (language, size) =>
  size < 1e6 ? amount(language, size / 1e3, "kilobyte") : amount(language, size / 1e6, "megabyte");
