"""Certificates for a day, and who does not look at them."""

import ssl
import subprocess


def certificate(folder, name="hub.example.com"):
    cert, key = folder / "cert.pem", folder / "key.pem"
    asked = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={name} -keyout {key} -out {cert}"
    subprocess.run(asked.split(), check=True, capture_output=True)
    return {"cert": str(cert), "key": str(key)}


def unchecked():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
