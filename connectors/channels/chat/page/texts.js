// What the chat itself says, by language; an app replaces any of it by `chat.texts`.

const KEYS =
  "title log write send attach screenshot emergency emergencyAsk cancel older connecting away refused memory " +
  "sending failed again remove you typing edited deleted reply react open closed opens expected " +
  "tooLarge wrongType tooMany replying help noLocation newer them";

const SPOKEN = ["en", "zh", "ms", "de", "fr", "es", "pt", "ar"];
const RTL = ["ar", "he", "fa", "ur"];

const primary = (language) => language.toLowerCase().split("-")[0];

export const direction = (language) => (RTL.includes(primary(language)) ? "rtl" : "ltr");

export async function texts(language) {
  const name = primary(language);
  const said = (await import(`./texts.${SPOKEN.includes(name) ? name : "en"}.js`)).default.split("|");
  return Object.fromEntries(KEYS.split(" ").map((key, n) => [key, said[n]]));
}

export const filled = (text, value) => text.replace("{}", value);

export function moment(language, at) {
  const date = new Date(at);
  const today = date.toDateString() === new Date().toDateString();
  return new Intl.DateTimeFormat(language, { ...(today || { dateStyle: "short" }), timeStyle: "short" }).format(date);
}
