"""What is said besides the operator's own words, by language; in another language, English."""

from collections.abc import Mapping
from typing import Final

PHRASES: Final[Mapping[str, Mapping[str, str]]] = {
    "unknown": {
        "en": "Sorry, that is not one of the choices.",
        "de": "Das steht leider nicht zur Wahl.",
        "es": "Lo siento, esa opción no existe.",
        "fr": "Désolé, ce choix n'existe pas.",
        "zh": "抱歉，没有这个选项。",
    },
    "silence": {
        "en": "Sorry, I did not hear anything.",
        "de": "Ich habe leider nichts gehört.",
        "es": "Lo siento, no he oído nada.",
        "fr": "Désolé, je n'ai rien entendu.",
        "zh": "抱歉，我没有听到您的声音。",
    },
    "goodbye": {
        "en": "Goodbye.",
        "de": "Auf Wiederhören.",
        "es": "Adiós.",
        "fr": "Au revoir.",
        "zh": "再见。",
    },
    "moment": {
        "en": "One moment, please.",
        "de": "Einen Moment bitte.",
        "es": "Un momento, por favor.",
        "fr": "Un instant, s'il vous plaît.",
        "zh": "请稍候。",
    },
    "position": {
        "en": "You are number {position} in the queue.",
        "de": "Sie sind Nummer {position} in der Warteschlange.",
        "es": "Usted es el número {position} en la cola.",
        "fr": "Vous êtes numéro {position} dans la file d'attente.",
        "zh": "您排在第{position}位。",
    },
    "wait": {
        "en": "The expected wait in minutes: {minutes}.",
        "de": "Voraussichtliche Wartezeit in Minuten: {minutes}.",
        "es": "Espera prevista en minutos: {minutes}.",
        "fr": "Attente prévue en minutes : {minutes}.",
        "zh": "预计等待{minutes}分钟。",
    },
}
