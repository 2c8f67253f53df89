// What is said of notifications, by language. The app's own wording (`chat.texts`) goes before.

const WORDS = "notify notifyNoMore notNow notified notNotified";
const WORDING = {
  en: "Notify me when you answer|Stop notifying me|Not now|You will be notified on this device.|This device cannot be notified just now.",
  zh: "有回复时通知我|不再通知我|暂不|有回复时，此设备会收到通知。|此设备目前无法接收通知。",
  ms: "Maklumkan saya apabila anda menjawab|Berhenti memaklumkan saya|Bukan sekarang|Anda akan dimaklumkan pada peranti ini.|Peranti ini tidak dapat dimaklumkan sekarang.",
  de: "Bei Antwort benachrichtigen|Nicht mehr benachrichtigen|Nicht jetzt|Sie werden auf diesem Gerät benachrichtigt.|Dieses Gerät kann gerade nicht benachrichtigt werden.",
  fr: "M’avertir de votre réponse|Ne plus m’avertir|Pas maintenant|Vous serez averti sur cet appareil.|Cet appareil ne peut pas être averti pour le moment.",
  es: "Avísame cuando respondan|No avisarme más|Ahora no|Te avisaremos en este dispositivo.|Ahora mismo no podemos avisarte en este dispositivo.",
  pt: "Avise-me quando responder|Não me avise mais|Agora não|Você será avisado neste dispositivo.|Este dispositivo não pode ser avisado agora.",
  ar: "أعلمني عند الرد|أوقف الإشعارات|ليس الآن|ستصلك الإشعارات على هذا الجهاز.|لا يمكن إرسال الإشعارات إلى هذا الجهاز الآن.",
};

export function wording(language) {
  const said = (WORDING[language.toLowerCase().split("-")[0]] ?? WORDING.en).split("|");
  return Object.fromEntries(WORDS.split(" ").map((key, n) => [key, said[n]]));
}
